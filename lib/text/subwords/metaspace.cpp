#include "text/subwords/metaspace.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "text/subwords/pre_tokenizers.h"

namespace pipetrain {
namespace {

class VisibleSpaces final : public PreTokenizer {
 public:
  explicit VisibleSpaces(MetaspaceOptions options) : options_(std::move(options)) {}

  void cut(const TextPiece& piece, std::vector<TextPiece>& pieces,
           std::deque<std::string>& room) const override {
    std::string text;
    text.reserve(piece.text.size() + piece.text.size() / 2);
    for (const char c : piece.text) {
      if (c == ' ') {
        text += options_.replacement;
      } else {
        text += c;
      }
    }
    const bool wanted = options_.before == SpaceBefore::kAll ||
                        (options_.before == SpaceBefore::kFirst && piece.at_start);
    if (wanted && !text.starts_with(options_.replacement)) text.insert(0, options_.replacement);
    pieces.push_back({room.emplace_back(std::move(text)), piece.at_start});
  }
  bool rewrites() const override { return true; }

 private:
  MetaspaceOptions options_;
};

// Each one begins a piece; or, of a run of them, the first alone.
class CutBefore final : public PreTokenizer {
 public:
  CutBefore(std::string_view character, bool runs) : character_(character), runs_(runs) {}

  void cut(const TextPiece& piece, std::vector<TextPiece>& pieces,
           std::deque<std::string>& /*room*/) const override {
    const std::string_view text = piece.text;
    const auto find = [&](std::size_t from) {
      return std::min(text.find(character_, from), text.size());
    };
    for (std::size_t begin = 0; begin < text.size();) {
      std::size_t inside = begin;
      const auto here = [&] { return text.substr(inside).starts_with(character_); };
      if (here()) inside += character_.size();
      while (runs_ && here()) inside += character_.size();
      const std::size_t end = find(std::max(inside, begin + 1));
      pieces.push_back({text.substr(begin, end - begin), piece.at_start && begin == 0});
      begin = end;
    }
  }

 private:
  std::string character_;
  bool runs_;
};

}  // namespace

MetaspaceOptions read_metaspace_options(JsonPart& part) {
  MetaspaceOptions options{.replacement = part.character("replacement")};
  const bool prefix = part.flag_or("add_prefix_space", true);
  const std::string scheme = part.text_or("prepend_scheme", prefix ? "always" : "never");
  options.before = scheme == "first"   ? SpaceBefore::kFirst
                   : scheme == "never" ? SpaceBefore::kNone
                                       : SpaceBefore::kAll;
  if (options.before == SpaceBefore::kAll && scheme != "always") {
    part.refuse("its prepend_scheme " + scheme + " is not supported");
  }
  if (!prefix && options.before != SpaceBefore::kNone) {
    part.refuse("its add_prefix_space and its prepend_scheme contradict each other");
  }
  options.split = part.flag_or("split", true);
  if (part.text_or("str_rep", options.replacement) != options.replacement) {
    part.refuse("its str_rep and its replacement differ");
  }
  return options;
}

std::unique_ptr<PreTokenizer> cut_before_runs_of(std::string_view character) {
  return std::make_unique<CutBefore>(character, /*runs=*/true);
}

PreTokenizers read_metaspace(JsonPart& part) {
  PreTokenizers made;
  const MetaspaceOptions options = read_metaspace_options(part);
  made.add(std::make_unique<VisibleSpaces>(options));
  if (options.split) made.add(std::make_unique<CutBefore>(options.replacement, /*runs=*/false));
  return made;
}

}  // namespace pipetrain
