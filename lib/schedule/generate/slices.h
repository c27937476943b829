// Microbatches whose sequences are cut into slices, in the order in which a rank takes them. It
// must not know which schedule takes them so.
#pragma once

#include "schedule/schedule.h"

namespace pipetrain::generators {

// Forwards take the slices of one microbatch after the other, from the first on ...
inline Action forward_of(int stage, int piece, int slices) {
  return {Op::kForward, stage, piece / slices, piece % slices};
}
// ... and backwards those of the same microbatches from the last down.
inline Action backward_of(int stage, int piece, int slices) {
  return {Op::kBackward, stage, piece / slices, slices - 1 - piece % slices};
}

}  // namespace pipetrain::generators
