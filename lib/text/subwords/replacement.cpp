#include "text/subwords/replacement.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "text/characters.h"

namespace pipetrain {
namespace {

std::string literal_of(JsonPart& part) {
  JsonPart pattern = part.part("pattern");
  return pattern.text_or("String", "");
}

}  // namespace

Pattern read_pattern(JsonPart& part) {
  JsonPart pattern = part.part("pattern");
  const bool literal = pattern.has("String"), expression = pattern.has("Regex");
  pattern.finish();
  if (literal == expression) pattern.refuse("has neither String nor Regex alone");
  if (expression) return {pattern.text("Regex"), part};
  const std::string text = pattern.text("String");
  if (text.empty()) pattern.refuse("its String is empty");
  return Pattern::literal(text);
}

Replacement::Replacement(JsonPart& part)
    : literal_(literal_of(part)),
      pattern_(read_pattern(part)),
      content_(part.short_text("content")) {}

void Replacement::apply(std::string& text) const {
  std::string replaced;
  std::size_t copied = 0;
  if (!literal_.empty()) {
    for (std::size_t at = text.find(literal_); at != std::string::npos;) {
      replaced.append(text, copied, at - copied).append(content_);
      copied = at + literal_.size();
      at = text.find(literal_, copied);
    }
  } else {
    if (auto valid = with_replacements(text)) text = std::move(*valid);
    Pattern::Matches matches(pattern_, text);
    for (std::size_t begin = 0, end = 0; matches.next(begin, end); copied = end) {
      replaced.append(text, copied, begin - copied).append(content_);
    }
  }
  if (copied == 0 && replaced.empty()) return;
  text = replaced.append(text, copied);
}

bool Replacement::parts(std::string_view text, std::string_view rest) const {
  if (literal_.empty()) return false;
  const std::size_t reach = literal_.size() - 1;
  const std::string between = std::string(text.substr(text.size() - std::min(reach, text.size())))
                                  .append(rest.substr(0, reach));
  return between.find(literal_) == std::string::npos;
}

}  // namespace pipetrain
