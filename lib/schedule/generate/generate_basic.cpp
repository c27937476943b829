// One stage per rank: GPipe (Huang et al. 2019, section 2.3) and 1F1B (Narayanan et al. 2019,
// section 3.2; the "PipeDream-Flush" of Narayanan et al. 2021, section 2.2.1).
#include <algorithm>
#include <vector>

#include "schedule/generate/generators.h"

namespace pipetrain::generators {

// All forwards, then all backwards. A cell is a unit of time, a B takes one too.
// generate("gpipe", 2, 1, 3):
//   F0 F1 F2       B0 B1 B2
//      F0 F1 F2 B0 B1 B2
Schedule gpipe(int ranks, int virtual_stages, int microbatches) {
  Schedule schedule{Placement::kLoop, microbatches, virtual_stages, {}};
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    for (int m = 0; m < microbatches; ++m) actions.push_back({Op::kForward, rank, m});
    for (int m = 0; m < microbatches; ++m) actions.push_back({Op::kBackward, rank, m});
  }
  return schedule;
}

// Rank r runs S-1-r forwards ahead (all of them, if there are no more), then one forward and one
// backward in turn.
// generate("1f1b", 2, 1, 3):
//   F0 F1    B0 F2 B1    B2
//      F0 B0 F1 B1 F2 B2
Schedule one_forward_one_backward(int ranks, int virtual_stages, int microbatches) {
  Schedule schedule{Placement::kLoop, microbatches, virtual_stages, {}};
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<Action>& actions = schedule.ranks.emplace_back();
    const int warmup = std::min(microbatches, ranks - 1 - rank);
    for (int m = 0; m < warmup; ++m) actions.push_back({Op::kForward, rank, m});
    for (int m = 0; m < microbatches; ++m) {
      if (m + warmup < microbatches) actions.push_back({Op::kForward, rank, m + warmup});
      actions.push_back({Op::kBackward, rank, m});
    }
  }
  return schedule;
}

}  // namespace pipetrain::generators
