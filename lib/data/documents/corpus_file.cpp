#include "data/documents/corpus_file.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <string_view>
#include <utility>

#include "data/data_file.h"

namespace pipetrain {
namespace {

constexpr std::size_t kStartBytes = sizeof(std::uint64_t);

CorpusHeader header_of(const DataFile& file) {
  CorpusHeader header;
  if (file.size() < sizeof header) fail_data(file, "ends inside its header of 256 bytes");
  file.read(0, std::as_writable_bytes(std::span(&header, 1)));
  return header;
}

// What is wrong with a header that is whole, for a file of this size; or nothing.
std::string complaint_about(const CorpusHeader& header, std::size_t size) {
  if (header.width != 2 && header.width != 4)
    return "tokens of " + std::to_string(header.width) + " bytes";
  if (header.vocabulary == 0 || header.vocabulary > std::numeric_limits<std::int32_t>::max()) {
    return "a vocabulary of " + std::to_string(header.vocabulary);
  }
  if (header.end_of_text < -1 || header.end_of_text >= std::int64_t{header.vocabulary}) {
    return "an end of text beyond its vocabulary";
  }
  std::size_t rest = size - sizeof header;
  for (const auto& [count, bytes] :
       {std::pair<std::uint64_t, std::size_t>{header.tokens, header.width},
        {header.documents, kStartBytes},
        {header.note_bytes, 1}}) {
    if (count > rest / bytes) return "more than the " + std::to_string(size) + " bytes there are";
    rest -= count * bytes;
  }
  if (rest > 0) return "less than the " + std::to_string(size) + " bytes there are";
  if (header.documents > header.tokens || (header.documents == 0) != (header.tokens == 0)) {
    return std::to_string(header.documents) + " documents of " + std::to_string(header.tokens) +
           " tokens";
  }
  return {};
}

template <class T>
void widen(std::span<const std::byte> bytes, std::span<std::int32_t> tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    T token;
    std::memcpy(&token, bytes.data() + i * sizeof token, sizeof token);
    tokens[i] = static_cast<std::int32_t>(token);
  }
}

}  // namespace

std::uint32_t checksum_of(CorpusHeader header) {
  header.checksum = 0;
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(&header), sizeof header));
}

bool is_corpus_file(const DataFile& file) {
  std::array<char, 8> start{};
  if (file.size() < start.size()) return false;
  file.read(0, std::as_writable_bytes(std::span(start)));
  return start == CorpusHeader::kMagic;
}

CorpusFile::CorpusFile(DataFile file) : file_(std::move(file)), header_(header_of(file_)) {
  if (header_.magic != CorpusHeader::kMagic) fail_data(file_, "is no file of `pipetrain tokenize`");
  if (header_.version != CorpusHeader::kVersion) {
    fail_data(file_, "its header has version " + std::to_string(header_.version) + ", expected " +
                         std::to_string(CorpusHeader::kVersion) + "; tokenize the documents again");
  }
  if (header_.checksum != checksum_of(header_)) {
    fail_data(file_, "its header is damaged; tokenize the documents again");
  }
  const std::string complaint = complaint_about(header_, file_.size());
  if (!complaint.empty()) {
    fail_data(file_, "its header promises " + complaint + "; tokenize the documents again");
  }
  const std::string_view name(header_.tokenizer.data(), header_.tokenizer.size());
  kind_ = {std::string(name.substr(0, name.find('\0'))), header_.vocabulary, header_.end_of_text};
}

std::string CorpusFile::note() const {
  std::string note(header_.note_bytes, '\0');
  file_.read(file_.size() - note.size(), std::as_writable_bytes(std::span(note)));
  return note;
}

void CorpusFile::read(std::int64_t first, std::span<std::int32_t> tokens) const {
  std::vector<std::byte> bytes(tokens.size() * header_.width);
  file_.read(sizeof header_ + static_cast<std::size_t>(first) * header_.width, bytes);
  if (header_.width == 2) return widen<std::uint16_t>(bytes, tokens);
  widen<std::uint32_t>(bytes, tokens);
}

std::size_t CorpusFile::starts_at() const {
  return sizeof header_ + static_cast<std::size_t>(header_.tokens) * header_.width;
}

std::int64_t CorpusFile::start_of(std::int64_t document) const {
  std::uint64_t start = 0;
  file_.read(starts_at() + static_cast<std::size_t>(document) * kStartBytes,
             std::as_writable_bytes(std::span(&start, 1)));
  return static_cast<std::int64_t>(std::min(start, header_.tokens));
}

std::int64_t CorpusFile::documents_before(std::int64_t token) const {
  std::int64_t low = 0, high = documents();
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (start_of(middle) < token) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::vector<std::int64_t> CorpusFile::starts(std::int64_t first, std::int64_t end) const {
  const std::int64_t from = documents_before(first), to = documents_before(end);
  std::vector<std::int64_t> starts(static_cast<std::size_t>(std::max(to - from, std::int64_t{0})));
  file_.read(starts_at() + static_cast<std::size_t>(from) * kStartBytes,
             std::as_writable_bytes(std::span(starts)));
  const bool ascend = std::ranges::adjacent_find(starts, std::greater_equal<>()) == starts.end();
  if (to < from || !ascend ||
      (!starts.empty() && (starts.front() < first || starts.back() >= end))) {
    fail_data(file_, "its documents do not begin one behind the other; tokenize them again");
  }
  return starts;
}

}  // namespace pipetrain
