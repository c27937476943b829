#include "text/subwords/split.h"

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "base/table.h"
#include "text/characters.h"
#include "text/subwords/replacement.h"

namespace pipetrain {
namespace {

constexpr Choice<Delimiter> kDelimiters[] = {
    {Delimiter::kRemoved, "Removed", ""},           {Delimiter::kIsolated, "Isolated", ""},
    {Delimiter::kBefore, "MergedWithPrevious", ""}, {Delimiter::kAfter, "MergedWithNext", ""},
    {Delimiter::kContiguous, "Contiguous", ""},
};

// Takes what is found and what lies between, from left to right, and makes pieces of it.
class Cutter {
 public:
  Cutter(const TextPiece& whole, Delimiter delimiter, std::vector<TextPiece>& pieces)
      : whole_(whole), delimiter_(delimiter), pieces_(pieces) {}

  void take(std::size_t begin, std::size_t end, bool found) {
    const bool joins = (delimiter_ == Delimiter::kContiguous && found == found_) ||
                       (delimiter_ == Delimiter::kBefore && found && !found_) ||
                       (delimiter_ == Delimiter::kAfter && !found && found_);
    if (!begun_ || !joins) {
      give();
      begin_ = begin;
    }
    end_ = end;
    found_ = found;
    begun_ = true;
  }
  void give() {
    const bool removed = delimiter_ == Delimiter::kRemoved && found_;
    if (!begun_ || removed || begin_ == end_) return;
    pieces_.push_back({whole_.text.substr(begin_, end_ - begin_), whole_.at_start && begin_ == 0});
  }

 private:
  const TextPiece& whole_;
  Delimiter delimiter_;
  std::vector<TextPiece>& pieces_;
  std::size_t begin_ = 0, end_ = 0;
  bool found_ = false, begun_ = false;
};

class PatternSplit final : public PreTokenizer {
 public:
  PatternSplit(Pattern pattern, Delimiter delimiter, bool invert)
      : pattern_(std::move(pattern)), delimiter_(delimiter), invert_(invert) {}

  void cut(const TextPiece& piece, std::vector<TextPiece>& pieces,
           std::deque<std::string>& /*room*/) const override {
    Cutter cutter(piece, delimiter_, pieces);
    Pattern::Matches matches(pattern_, piece.text, piece.goes_on);
    std::size_t at = 0;
    for (std::size_t begin = 0, end = 0; matches.next(begin, end); at = end) {
      if (begin > at) cutter.take(at, begin, invert_);
      cutter.take(begin, end, !invert_);
    }
    if (at < piece.text.size()) cutter.take(at, piece.text.size(), invert_);
    cutter.give();
  }
  bool looks_back() const override { return pattern_.looks_back(); }

 private:
  Pattern pattern_;
  Delimiter delimiter_;
  bool invert_;
};

class ClassSplit final : public PreTokenizer {
 public:
  ClassSplit(bool (*in_class)(std::uint32_t), Delimiter delimiter)
      : in_class_(in_class), delimiter_(delimiter) {}

  void cut(const TextPiece& piece, std::vector<TextPiece>& pieces,
           std::deque<std::string>& /*room*/) const override {
    Cutter cutter(piece, delimiter_, pieces);
    std::size_t begun = 0;  // of characters that are not in the class
    for (std::size_t at = 0; at < piece.text.size();) {
      const std::size_t start = at;
      if (!in_class_(next_character(piece.text, at))) continue;
      if (start > begun) cutter.take(begun, start, false);
      cutter.take(start, at, true);
      begun = at;
    }
    if (begun < piece.text.size()) cutter.take(begun, piece.text.size(), false);
    cutter.give();
  }

 private:
  bool (*in_class_)(std::uint32_t);
  Delimiter delimiter_;
};

}  // namespace

Delimiter read_delimiter(JsonPart& part, const std::string& otherwise) {
  const std::string name =
      otherwise.empty() ? part.text("behavior") : part.text_or("behavior", otherwise);
  if (const auto* known = find_row(kDelimiters, name)) return known->value;
  part.refuse("its behavior " + name + " is not supported");
}

std::unique_ptr<PreTokenizer> split_at(Pattern pattern, Delimiter delimiter, bool invert) {
  return std::make_unique<PatternSplit>(std::move(pattern), delimiter, invert);
}

std::unique_ptr<PreTokenizer> split_at(bool (*in_class)(std::uint32_t), Delimiter delimiter) {
  return std::make_unique<ClassSplit>(in_class, delimiter);
}

PreTokenizers read_split(JsonPart& part) {
  PreTokenizers made;
  const Delimiter delimiter = read_delimiter(part);
  const bool invert = part.flag_or("invert", false);
  made.add(split_at(read_pattern(part), delimiter, invert));
  return made;
}

}  // namespace pipetrain
