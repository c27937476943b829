#include "data/formats/corpus.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <utility>

#include "base/error.h"

namespace pipetrain {
namespace {

template <class T>
T bytes_reversed(T value) {
  if constexpr (sizeof value == 2) return __builtin_bswap16(value);
  if constexpr (sizeof value == 4) return __builtin_bswap32(value);
  return value;
}

template <class T>
void widen(const std::byte* from, bool swapped, std::span<std::int32_t> to) {
  for (std::int32_t& token : to) {
    T value;
    std::memcpy(&value, from, sizeof value);
    from += sizeof value;
    if (swapped) value = bytes_reversed(value);
    if constexpr (sizeof value == 4)
      value = std::min(value, T{std::numeric_limits<std::int32_t>::max()});
    token = static_cast<std::int32_t>(value);
  }
}

}  // namespace

void Corpus::add_part(FileTokens part) {
  part.first = size_;
  size_ += part.count;
  parts_.push_back(std::move(part));
}

void Corpus::append(DataFile file, std::size_t offset, int width, std::int64_t count,
                    bool swapped) {
  add_part({file.path(), files_.size(), false, offset, width, swapped, 0, count});
  files_.push_back(std::move(file));
}

void Corpus::append(const std::string& path, std::vector<std::byte> tokens, int width) {
  const auto count = static_cast<std::int64_t>(tokens.size()) / width;
  add_part({path, tokens_.size(), true, 0, width, false, 0, count});
  tokens_.push_back(std::move(tokens));
}

void Corpus::append(CorpusFile file, const std::string& name) {
  append(DataFile(file.path()), sizeof(CorpusHeader), file.kind().width(), file.tokens());
  if (!name.empty()) parts_.back().path = name;
  documented_.push_back(std::move(file));
}

std::vector<std::int64_t> Corpus::document_starts(std::int64_t first, std::int64_t count) const {
  std::vector<std::int64_t> starts;
  for (std::size_t i = 0; i < documented_.size(); ++i) {
    const FileTokens& part = parts_[i];
    const std::int64_t from = std::max(first, part.first);
    const std::int64_t end = std::min(first + count, part.first + part.count);
    if (from >= end) continue;
    for (const std::int64_t start : documented_[i].starts(from - part.first, end - part.first)) {
      starts.push_back(start + part.first);
    }
  }
  return starts;
}

std::string Corpus::name() const {
  const std::string first = parts_.front().path;
  return parts_.size() == 1 ? first : first + " and " + std::to_string(parts_.size() - 1) + " more";
}

void Corpus::read(std::int64_t first, std::span<std::int32_t> tokens) const {
  auto part = std::ranges::upper_bound(parts_, first, {}, &FileTokens::first) - 1;
  while (!tokens.empty()) {
    const auto here = static_cast<std::size_t>(part->first + part->count - first);
    const std::size_t count = std::min(tokens.size(), here);
    read_part(*part, first - part->first, tokens.first(count));
    tokens = tokens.subspan(count);
    first += static_cast<std::int64_t>(count);
    ++part;
  }
}

void Corpus::read_part(const FileTokens& part, std::int64_t first,
                       std::span<std::int32_t> tokens) const {
  constexpr std::size_t kBlockBytes = std::size_t{1} << 16;
  std::array<std::byte, kBlockBytes> bytes;
  const std::size_t block = kBlockBytes / static_cast<std::size_t>(part.width);
  for (std::size_t done = 0; done < tokens.size(); done += block) {
    const auto to = tokens.subspan(done, std::min(block, tokens.size() - done));
    const auto from = std::span(bytes).first(to.size() * static_cast<std::size_t>(part.width));
    read_bytes(part, first + static_cast<std::int64_t>(done), from);
    if (part.width == 1) widen<std::uint8_t>(from.data(), part.swapped, to);
    if (part.width == 2) widen<std::uint16_t>(from.data(), part.swapped, to);
    if (part.width == 4) widen<std::uint32_t>(from.data(), part.swapped, to);
  }
  if (!table_.empty()) {
    for (std::int32_t& token : tokens) token = table_[static_cast<std::size_t>(token)];
  }
  // A maximum first: it is fast, and what is wrong is looked for only when something is.
  std::int32_t largest = 0;
  for (const std::int32_t token : tokens) largest = std::max(largest, token);
  if (vocabulary_ > 0 && largest >= vocabulary_) refuse(part, first, tokens);
}

void Corpus::read_bytes(const FileTokens& part, std::int64_t first,
                        std::span<std::byte> bytes) const {
  const std::size_t offset = part.offset + static_cast<std::size_t>(first * part.width);
  if (!part.decoded) return files_[part.source].read(offset, bytes);
  std::memcpy(bytes.data(), tokens_[part.source].data() + offset, bytes.size());
}

void Corpus::refuse(const FileTokens& part, std::int64_t first,
                    std::span<const std::int32_t> tokens) const {
  const auto bad = std::ranges::find_if(tokens, [&](std::int32_t t) { return t >= vocabulary_; });
  const std::int64_t position = first + (bad - tokens.begin());
  std::string where = "token " + std::to_string(position);
  if (!part.decoded) {
    where += " (byte " +
             std::to_string(static_cast<std::int64_t>(part.offset) + position * part.width) + ")";
  }
  throw Error(ExitCode::kData, "data: " + part.path + ": " + where + " is " + std::to_string(*bad) +
                                   ", beyond the vocabulary of " + std::to_string(vocabulary_) +
                                   "; set model.vocabulary to what the data needs, or to auto");
}

std::int32_t Corpus::check(std::int64_t limit) const {
  std::vector<std::int32_t> block(std::size_t{1} << 16);
  std::int32_t largest = 0;
  const std::int64_t end = std::min(limit, size_);
  for (std::int64_t first = 0; first < end; first += static_cast<std::int64_t>(block.size())) {
    const auto count = std::min(end - first, static_cast<std::int64_t>(block.size()));
    const std::span tokens(block.data(), static_cast<std::size_t>(count));
    read(first, tokens);
    largest = std::max(largest, *std::ranges::max_element(tokens));
  }
  return largest;
}

}  // namespace pipetrain
