#include "generate/sliding_window.h"

#include <algorithm>
#include <cassert>

namespace pipetrain {

SlidingWindow::NewTokens SlidingWindow::next(std::int64_t length) {
  assert(length > given_);
  if (length - start_ > context_) {
    const std::int64_t kept = given_ == 0 ? context_ : std::max<std::int64_t>(1, context_ / 2);
    start_ = given_ = length - kept;
  }
  const NewTokens part{given_, length - given_, given_ - start_};
  given_ = length;
  return part;
}

}  // namespace pipetrain
