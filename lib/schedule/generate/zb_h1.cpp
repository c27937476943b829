// ZB-H1 (Qi et al. 2024, section 2.1): 1F1B's memory, with each W put off so that it fills the
// drain.
#include "schedule/generate/rounds.h"

namespace pipetrain::generators {

// PyTorch's ScheduleInterleavedZeroBubble on one stage per rank, which knows no rounds and so takes
// any M. generate("zb-h1", 2, 1, 3):
//   F0 F1    I0 W0 F2 I1 W1 I2 W2
//      F0 I0 F1 I1 W0 F2 I2 W1 W2
RankActions zb_h1(const ScheduleSizes& sizes) {
  return zero_bubble({sizes.ranks, sizes.virtual_stages, sizes.microbatches}, sizes.microbatches);
}

}  // namespace pipetrain::generators
