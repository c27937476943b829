// Microbatches whose sequences are cut into slices, in the order in which a rank takes them. It
// must not know which schedule takes them so.
#pragma once

#include "schedule/schedule.h"

namespace pipetrain::generators {

// Forwards take the slices of one microbatch after the other, from the first on ...
inline Action forward_of(int stage, int number, int slices) {
  return {Op::kForward, stage, number / slices, number % slices};
}
// ... and backwards those of the same microbatches from the last down.
inline Action backward_of(int stage, int number, int slices) {
  return {Op::kBackward, stage, number / slices, slices - 1 - number % slices};
}

}  // namespace pipetrain::generators
