// 1F1B with twice the warm-up, so that messages travel while ranks compute (Zhuang et al. 2023, "On
// Optimizing the Communication of Model Parallelism", section 4: eager-1F1B).
#include <algorithm>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

// Rank r runs 2 (S-1-r) forwards ahead (all of them, if there are no more), then one forward and
// one backward in turn. generate("eager-1f1b", 2, 1, 4):
//   F0 F1 F2 B0 F3 B1    B2    B3
//      F0 B0 F1 B1 F2 B2 F3 B3
RankActions eager_one_forward_one_backward(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int warmup = std::min(sizes.microbatches, 2 * (sizes.ranks - 1 - rank));
    for (int m = 0; m < sizes.microbatches + warmup; ++m) {
      if (m < sizes.microbatches) actions.push_back({Op::kForward, rank, m});
      if (m >= warmup) actions.push_back({Op::kBackward, rank, m - warmup});
    }
  }
  return all;
}

}  // namespace pipetrain::generators
