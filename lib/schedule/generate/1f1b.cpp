// 1F1B (Narayanan et al. 2019, section 3.2; the "PipeDream-Flush" of Narayanan et al. 2021, section
// 2.2.1): one forward and one backward in turn.
#include <algorithm>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

// Rank r runs S-1-r forwards ahead (all of them, if there are no more), then one forward and one
// backward in turn. generate("1f1b", 2, 1, 3):
//   F0 F1    B0 F2 B1    B2
//      F0 B0 F1 B1 F2 B2
RankActions one_forward_one_backward(const ScheduleSizes& sizes) {
  RankActions all;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int warmup = std::min(sizes.microbatches, sizes.ranks - 1 - rank);
    for (int m = 0; m < warmup; ++m) actions.push_back({Op::kForward, rank, m});
    for (int m = 0; m < sizes.microbatches; ++m) {
      if (m + warmup < sizes.microbatches) actions.push_back({Op::kForward, rank, m + warmup});
      actions.push_back({Op::kBackward, rank, m});
    }
  }
  return all;
}

}  // namespace pipetrain::generators
