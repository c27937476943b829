#include "text/training/text_pieces.h"

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "text/characters.h"

namespace pipetrain {
namespace {

// Behind the last line's end with a visible character of ASCII on both sides, else behind the last
// whole character.
std::size_t last_cut(const std::string& text) {
  const auto visible = [&](std::size_t at) { return text[at] > ' ' && text[at] < 0x7F; };
  for (std::size_t at = text.size() - 1; at >= 2; --at) {
    if (text[at - 1] == '\n' && visible(at) && visible(at - 2)) return at;
  }
  const std::size_t start = previous_character(text, text.size());
  return start > 0 ? start : text.size();
}

}  // namespace

TextPieces::TextPieces(std::vector<std::string> files, std::size_t piece_bytes)
    : files_(std::move(files)), piece_bytes_(piece_bytes) {}

bool TextPieces::open_next() {
  if (opened_ == files_.size()) return false;
  const std::string& path = files_[opened_++];
  if (!std::filesystem::is_regular_file(path)) {
    throw Error(ExitCode::kData, "data: " + path + ": is not there, or no file");
  }
  file_ = std::ifstream(path, std::ios::binary);
  if (!file_) throw Error(ExitCode::kData, "data: " + system_reason(path));
  return true;
}

bool TextPieces::next(std::string& piece) {
  while (true) {
    while (!file_.is_open() && held_.empty()) {
      if (!open_next()) return false;
    }
    if (held_.size() < piece_bytes_ && file_.is_open()) {
      const std::size_t before = held_.size();
      held_.resize(piece_bytes_);
      file_.read(held_.data() + before, static_cast<std::streamsize>(piece_bytes_ - before));
      held_.resize(before + static_cast<std::size_t>(file_.gcount()));
      if (file_.bad()) throw Error(ExitCode::kData, "data: " + system_reason(files_[opened_ - 1]));
      if (file_.eof()) file_.close();
    }
    if (held_.empty()) continue;  // an empty file, or its end
    const std::size_t cut = file_.is_open() ? last_cut(held_) : held_.size();
    piece = held_.substr(0, cut);
    held_.erase(0, cut);
    return true;
  }
}

}  // namespace pipetrain
