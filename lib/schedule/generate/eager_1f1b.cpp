// 1F1B with twice the warm-up, so that messages travel while ranks compute (Zhuang et al. 2023, "On
// Optimizing the Communication of Model Parallelism", section 4: eager-1F1B).
#include <algorithm>
#include <vector>

#include "schedule/generate/schedule_kind.h"
#include "schedule/generate/slices.h"

namespace pipetrain::generators {

// Rank r runs 2 (S-1-r) forwards ahead (all of them, if there are no more), then one forward and
// one backward in turn. generate("eager-1f1b", 2, 1, 4):
//   F0 F1 F2 B0 F3 B1    B2    B3
//      F0 B0 F1 B1 F2 B2 F3 B3
// Microbatches in slices add to it as to 1f1b. generate("eager-1f1b", 2, 1, 2, 2):
//   F0   F0.1 F1   F1.1 B0.1      B0        B1.1 B1
//        F0   F0.1 B0.1 F1   B0   F1.1 B1.1 B1
RankActions eager_one_forward_one_backward(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int slices = sizes.slices, count = sizes.microbatches * slices;
    const int warmup = std::min(count, 2 * (sizes.ranks - 1 - rank) + slices - 1);
    for (int i = 0; i < count + warmup; ++i) {
      if (i < count) actions.push_back(forward_of(rank, i, slices));
      if (i >= warmup) actions.push_back(backward_of(rank, i - warmup, slices));
    }
  }
  return all;
}

}  // namespace pipetrain::generators
