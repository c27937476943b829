// 1F1B (Narayanan et al. 2019, section 3.2; the "PipeDream-Flush" of Narayanan et al. 2021, section
// 2.2.1): one forward and one backward in turn.
#include <algorithm>
#include <vector>

#include "schedule/generate/in_turn.h"
#include "schedule/generate/slices.h"

namespace pipetrain::generators {

// Rank r runs S-1-r forwards ahead (all of them, if there are no more), then one forward and one
// backward in turn. generate("1f1b", 2, 1, 3):
//   F0 F1    B0 F2 B1    B2
//      F0 B0 F1 B1 F2 B2
// Of microbatches in n slices the last rank, too, runs n-1 forwards ahead, all others one more each
// (Seq1F1B, Sun et al., arXiv:2406.03488, section 3.2): a rank keeps S-1-r+n slices at most.
// generate("1f1b", 2, 1, 2, 2):
//   F0   F0.1 F1        B0.1 F1.1 B0        B1.1 B1
//        F0   F0.1 B0.1 F1   B0   F1.1 B1.1 B1
RankActions one_forward_one_backward(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int slices = sizes.slices, count = sizes.microbatches * slices;
    const int warmup = std::min(count, sizes.ranks - 1 - rank + slices - 1);
    for (int i = 0; i < warmup; ++i) actions.push_back(forward_of(rank, i, slices));
    for (int i = 0; i < count; ++i) {
      if (i + warmup < count) actions.push_back(forward_of(rank, i + warmup, slices));
      actions.push_back(backward_of(rank, i, slices));
    }
  }
  return all;
}

// Stages that stand anywhere: stage s of S keeps S - s microbatches at most, as above, and a rank
// takes what comes first. S=4 on 2 ranks (stages 0 and 3, stages 1 and 2), M=2, a B in one cell:
//   0F0 0F1     3F0 3B0 3F1 3B1 0B0     0B1
//       1F0 2F0 1F1 2F1 2B0 1B0 2B1 1B1
RankActions one_forward_one_backward_on(const Placement& placement, int microbatches) {
  const int stages = placement.stage_count();
  return whatever_comes_first(placement, microbatches, [&](int stage, const InFlight& live) {
    return live.of_stage < stages - stage;
  });
}

}  // namespace pipetrain::generators
