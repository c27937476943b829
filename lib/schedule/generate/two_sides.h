// The order in which a rank of DualPipe takes its two stages, and a rank of its V-shaped half. It
// must not know which of the two it is.
#pragma once

#include <vector>

#include "schedule/schedule.h"

namespace pipetrain::generators {

// `near` is the stage that microbatches come to first, `far` the one on their way back, or on the
// way of those from the other end.
struct TwoSides {
  struct Side {
    int stage;
    int first = 0;  // microbatch; the others follow
    int forwards = 0, backwards = 0;
  };
  Side near, far;
};

// Of a rank with `rank` others before it, of `ranks` up to where the way turns, or where the two
// directions meet. Each stage takes so many microbatches, at least two for each of these ranks
// (DeepSeek-V3 report 2024, section 3.2.1; deepseek-ai/DualPipe). Where the published schedule
// overlaps a forward with a backward, the two come here one after the other.
std::vector<Action> two_sided_rank(int ranks, int rank, int microbatches, const TwoSides& sides);

}  // namespace pipetrain::generators
