#include "data/documents/document_reader.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"

namespace pipetrain {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
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

DocumentReader::DocumentReader(std::vector<DocumentFile> files)
    : files_(std::move(files)), piece_(kPieceBytes) {
  for (const DocumentFile& file : files_) all_ += size_of(file.path);
}

std::optional<RawDocument> DocumentReader::next() {
  while (true) {
    if (stream_) {
      if (std::optional<RawDocument> document = next_of_file()) return document;
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

// Adds what is left of the file, or of this line; returns how many bytes that were.
std::size_t DocumentReader::take(RawDocument& document, bool line) {
  std::size_t taken = 0;
  for (bool ended = false; !ended && (at_ < held_ || fill());) {
    const std::string_view rest(reinterpret_cast<const char*>(piece_.data()) + at_, held_ - at_);
    const std::size_t end = line ? rest.find('\n') : std::string_view::npos;
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

std::optional<RawDocument> DocumentReader::next_of_file() {
  const DocumentFile& file = files_[opened_ - 1];
  while (true) {
    if (file.lines) ++line_;
    RawDocument document{.file = &file, .line = line_, .offset = offset_};
    const std::size_t taken = take(document, file.lines);
    if (taken == 0) return std::nullopt;
    offset_ += static_cast<std::int64_t>(taken);
    const bool blank = file.lines && !document.too_long && is_blank(document.bytes);
    if (!blank) return document;
  }
}

}  // namespace pipetrain
