#include "data/documents/document_reader.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "text/text_cut.h"

namespace pipetrain {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::size_t kMostAhead = std::size_t{1} << 12;  // more than any token of a tokenizer has
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// 0 where the system does not say: opening the file says why.
std::int64_t size_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos;
}

}  // namespace

std::string place_of(const RawDocument& document) {
  if (document.line == 0) return document.file->path;
  return document.file->path + ": line " + std::to_string(document.line) + " (byte " +
         std::to_string(document.offset) + ")";
}

DocumentReader::DocumentReader(std::vector<DocumentFile> files, std::size_t part_bytes)
    : files_(std::move(files)), part_bytes_(part_bytes), piece_(kPieceBytes) {
  for (const DocumentFile& file : files_) all_ += size_of(file.path);
}

std::optional<RawDocument> DocumentReader::next() {
  while (true) {
    if (stream_) {
      const bool lines = files_[opened_ - 1].lines;
      if (std::optional<RawDocument> document = lines ? next_line() : next_part()) return document;
      done_ += stream_taken();
      stream_.reset();
      file_.reset();
    }
    if (opened_ == files_.size()) return std::nullopt;
    open(files_[opened_++]);
  }
}

void DocumentReader::open(const DocumentFile& file) {
  std::error_code unknown;
  if (std::filesystem::is_regular_file(file.path, unknown) && size_of(file.path) == 0) return;
  file_.emplace(file.path);
  stream_ = open_stream(*file_);
  line_ = 0;
  begins_ = true;
  fill();
  const std::string_view start(reinterpret_cast<const char*>(piece_.data()), held_);
  if (start.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  offset_ = static_cast<std::int64_t>(at_);
}

bool DocumentReader::fill() {
  at_ = 0;
  held_ = stream_->read(piece_);
  return held_ > 0;
}

// Adds what is left of this line; returns how many bytes that were.
std::size_t DocumentReader::take_line(RawDocument& document) {
  std::size_t taken = 0;
  for (bool ended = false; !ended && (at_ < held_ || fill());) {
    const std::string_view rest(reinterpret_cast<const char*>(piece_.data()) + at_, held_ - at_);
    const std::size_t end = rest.find('\n');
    ended = end != std::string_view::npos;
    const std::size_t count = ended ? end + 1 : rest.size();
    at_ += count;
    taken += count;
    document.too_long = taken > kMostDocumentBytes;
    if (!document.too_long) document.bytes += rest.substr(0, count);
  }
  if (document.too_long) document.bytes = std::string();
  return taken;
}

std::optional<RawDocument> DocumentReader::next_line() {
  while (true) {
    ++line_;
    RawDocument document{.file = &files_[opened_ - 1], .line = line_, .offset = offset_};
    const std::size_t taken = take_line(document);
    if (taken == 0) return std::nullopt;
    offset_ += static_cast<std::int64_t>(taken);
    if (document.too_long || !is_blank(document.bytes)) return document;
  }
}

// Until so many bytes are held; false if the text ends before.
bool DocumentReader::read_text(std::size_t size) {
  while (text_.size() < size) {
    if (at_ == held_ && !fill()) return false;
    const std::size_t count = std::min(held_ - at_, size - text_.size());
    text_.append(reinterpret_cast<const char*>(piece_.data()) + at_, count);
    at_ += count;
  }
  return true;
}

std::optional<RawDocument> DocumentReader::next_part() {
  RawDocument part{.begins = begins_, .file = &files_[opened_ - 1], .offset = offset_};
  std::size_t size = 0, end = 0;  // of the part; and with what follows it
  for (std::size_t most = part_bytes_; read_text(most + kMostAhead); most *= 2) {
    size = likely_cut(text_, most / 2, most);
    end = size == 0 ? 0 : last_before_ascii(text_, size, size + kMostAhead - 1);
    if (end > size) break;
    size = 0;
    if (most < kMostDocumentBytes) continue;
    part.too_long = true;
    while (fill()) {
    }
    held_ = at_ = 0;
    text_ = std::string();
    return part;
  }
  if (text_.empty()) return std::nullopt;
  if (size == 0) size = end = text_.size();  // the last part
  part.ends = size == text_.size();
  part.ahead = end - size;
  part.bytes = text_.substr(0, end);
  text_.erase(0, size);
  offset_ += static_cast<std::int64_t>(size);
  begins_ = false;
  return part;
}

}  // namespace pipetrain
