#include "data/corpus.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace pipetrain {
namespace {

template <class T>
void widen(const std::byte* from, std::span<std::int32_t> to) {
  for (std::int32_t& token : to) {
    T value;
    std::memcpy(&value, from, sizeof value);
    from += sizeof value;
    if constexpr (sizeof value == 4)
      value = std::min(value, T{std::numeric_limits<std::int32_t>::max()});
    token = static_cast<std::int32_t>(value);
  }
}

}  // namespace

void Corpus::add_part(const std::string& path, const void* data, std::size_t offset, int width,
                      std::int64_t count) {
  parts_.push_back({path, static_cast<const std::byte*>(data), offset, width, size_, count});
  size_ += count;
}

void Corpus::append(MappedFile file, std::size_t offset, int width, std::int64_t count) {
  add_part(file.path(), file.bytes().data() + offset, offset, width, count);
  files_.push_back(std::move(file));
}

void Corpus::append(const std::string& path, std::vector<std::uint16_t> tokens) {
  add_part(path, tokens.data(), 0, 2, static_cast<std::int64_t>(tokens.size()));
  short_tokens_.push_back(std::move(tokens));
}

void Corpus::append(const std::string& path, std::vector<std::int32_t> tokens) {
  add_part(path, tokens.data(), 0, 4, static_cast<std::int64_t>(tokens.size()));
  long_tokens_.push_back(std::move(tokens));
}

std::string Corpus::name() const {
  const std::string first = parts_.front().path;
  return parts_.size() == 1 ? first : first + " and " + std::to_string(parts_.size() - 1) + " more";
}

void Corpus::read(std::int64_t first, std::span<std::int32_t> tokens) const {
  auto part = std::ranges::upper_bound(parts_, first, {}, &Part::first) - 1;
  while (!tokens.empty()) {
    const auto here = static_cast<std::size_t>(part->first + part->count - first);
    const std::size_t count = std::min(tokens.size(), here);
    read_part(*part, first - part->first, tokens.first(count));
    tokens = tokens.subspan(count);
    first += static_cast<std::int64_t>(count);
    ++part;
  }
}

void Corpus::read_part(const Part& part, std::int64_t first, std::span<std::int32_t> tokens) const {
  const std::byte* const from = part.data + first * part.width;
  if (part.width == 1) widen<std::uint8_t>(from, tokens);
  if (part.width == 2) widen<std::uint16_t>(from, tokens);
  if (part.width == 4) widen<std::uint32_t>(from, tokens);
  if (!table_.empty()) {
    for (std::int32_t& token : tokens) token = table_[static_cast<std::size_t>(token)];
  }
  // A maximum first: it is fast, and what is wrong is looked for only when something is.
  std::int32_t largest = 0;
  for (const std::int32_t token : tokens) largest = std::max(largest, token);
  if (vocabulary_ > 0 && largest >= vocabulary_) refuse(part, first, tokens);
}

void Corpus::refuse(const Part& part, std::int64_t first,
                    std::span<const std::int32_t> tokens) const {
  const auto bad = std::ranges::find_if(tokens, [&](std::int32_t t) { return t >= vocabulary_; });
  const std::int64_t position = first + (bad - tokens.begin());
  std::string where = "token " + std::to_string(position);
  if (short_tokens_.empty() && long_tokens_.empty()) {
    where += " (byte " +
             std::to_string(static_cast<std::int64_t>(part.offset) + position * part.width) + ")";
  }
  throw Error(ExitCode::kData, "data: " + part.path + ": " + where + " is " + std::to_string(*bad) +
                                   ", beyond the vocabulary of " + std::to_string(vocabulary_) +
                                   "; set model.vocabulary to what the data needs, or to auto");
}

std::int32_t Corpus::check(std::int64_t limit) const {
  std::array<std::int32_t, 4096> block;
  std::int32_t largest = 0;
  const std::int64_t end = std::min(limit, size_);
  for (std::int64_t first = 0; first < end; first += static_cast<std::int64_t>(block.size())) {
    const auto count = std::min<std::int64_t>(end - first, block.size());
    const std::span tokens(block.data(), static_cast<std::size_t>(count));
    read(first, tokens);
    largest = std::max(largest, *std::ranges::max_element(tokens));
  }
  return largest;
}

}  // namespace pipetrain
