// ZB-H2 (Qi et al. 2024, section 2.2): so many forwards ahead that no rank waits from its first
// action to its last, in up to twice 1F1B's memory.
#include <algorithm>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

// Rank r runs 2p-2-2r forwards ahead and puts its Ws off by 2r microbatches, so that from M = 2p-1
// microbatches on it ends as much later than rank 0 as it begins later: where the next step waits
// for nobody, no time is lost between them. Each rank keeps 2p-1 microbatches. Of fewer all
// forwards go ahead that there are, and where none is left Ws wait no longer. Figure 3 (bottom) at
// two ranks, generate("zb-h2", 2, 1, 4):
//   F0 F1 F2 I0 W0 F3 I1 W1 I2 W2 I3 W3
//      F0 I0 F1 I1 F2 I2 W0 F3 I3 W1 W2 W3
RankActions zb_h2(const ScheduleSizes& sizes) {
  RankActions all;
  const int count = sizes.microbatches;
  for (int rank = 0; rank < sizes.ranks; ++rank) {
    std::vector<Action>& actions = all.emplace_back();
    const int warmup = std::min(2 * (sizes.ranks - 1 - rank), count);
    int weights = 0;
    for (int k = 0; k < count + warmup; ++k) {
      if (k < count) actions.push_back({Op::kForward, rank, k});
      if (k < warmup) continue;
      actions.push_back({Op::kBackwardInput, rank, k - warmup});
      if (k - warmup >= 2 * rank || k >= count) {
        actions.push_back({Op::kBackwardWeight, rank, weights++});
      }
    }
    while (weights < count) actions.push_back({Op::kBackwardWeight, rank, weights++});
  }
  return all;
}

}  // namespace pipetrain::generators
