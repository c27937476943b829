// ZB-H2 (Qi et al. 2024, section 2.2): so many forwards ahead that no rank waits from its first
// action to its last, in up to twice 1F1B's memory.
#include "schedule/generate/rounds.h"

namespace pipetrain::generators {

// Rank r runs 2p-2-2r forwards ahead and puts its Ws off by 2r microbatches, so that from its M >=
// 2p-1 microbatches on it ends as many Fs later than rank 0 as it begins later: where the next step
// waits for nobody, no time is lost between them. Each rank keeps 2p-1 microbatches, with F, I and
// W in turn once these are there. Of fewer microbatches all Fs that there are go ahead, and rank 0
// waits for its first I. Figure 3 (bottom) at two ranks, generate("zb-h2", 2, 1, 4):
//   F0 F1 F2 I0 W0 F3 I1 W1 I2 W2 I3 W3
//      F0 I0 F1 I1 F2 I2 W0 F3 I3 W1 W2 W3
RankActions zb_h2(const ScheduleSizes& sizes) {
  return zero_bubble({sizes.ranks, sizes.virtual_stages, sizes.microbatches}, sizes.microbatches,
                     /*depth=*/2);
}

}  // namespace pipetrain::generators
