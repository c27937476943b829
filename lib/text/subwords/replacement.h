// A text or pattern that is replaced by a text, as normalizers and decoders have it. It must not
// know which of them it is for.
#pragma once

#include <string>
#include <string_view>

#include "text/subwords/part.h"
#include "text/subwords/pattern.h"

namespace pipetrain {

// The "pattern" of a part: {"String": "a"} or {"Regex": "a+"}.
Pattern read_pattern(JsonPart& part);

class Replacement {
 public:
  explicit Replacement(JsonPart& part);  // reads its "pattern" and "content"
  void apply(std::string& text) const;
  // Whether nothing is replaced that is in both, for sure.
  bool parts(std::string_view text, std::string_view rest) const;

 private:
  std::string literal_;  // what is replaced, if it is no expression
  Pattern pattern_;
  std::string content_;
};

}  // namespace pipetrain
