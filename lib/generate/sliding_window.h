// Which tokens of a growing sequence the model is given, and at which positions: those that are
// new. Once `context` tokens are in, it begins again with the last half of them. It must not know
// what the tokens are.
#pragma once

#include <cstdint>

namespace pipetrain {

class SlidingWindow {
 public:
  explicit SlidingWindow(std::int64_t context) : context_(context) {}

  struct NewTokens {
    std::int64_t begin = 0, tokens = 0;  // in the sequence
    std::int64_t first_position = 0;     // in the model's row
  };
  // Of a sequence that now has `length` tokens, at least one of them new.
  NewTokens next(std::int64_t length);

 private:
  std::int64_t context_;
  std::int64_t start_ = 0, given_ = 0;  // in the sequence: the window's first token, and the end
};

}  // namespace pipetrain
