// ZB-H1 (Qi et al. 2024, section 2.1): 1F1B's memory, with each W put off so that it fills the
// drain.
#include "schedule/generate/rounds.h"

namespace pipetrain::generators {

// PyTorch's ScheduleInterleavedZeroBubble on one stage per rank, which knows no rounds and so takes
// any M. generate("zb-h1", 2, 1, 3):
//   F0 F1    I0 W0 F2 I1 W1 I2 W2
//      F0 I0 F1 I1 W0 F2 I2 W1 W2
// Of microbatches in n slices every rank runs n-1 forwards more ahead, as 1f1b's do, and a W is put
// off by as many slices. generate("zb-h1", 2, 1, 2, 2):
//   F0   F0.1 F1        I0.1 W0.1 F1.1 I0   W0   I1.1 W1.1 I1   W1
//        F0   F0.1 I0.1 F1   I0   W0.1 F1.1 I1.1 W0   I1   W1.1 W1
RankActions zb_h1(const ScheduleSizes& sizes) {
  return zero_bubble({sizes.ranks, sizes.virtual_stages, sizes.microbatches, sizes.slices},
                     sizes.microbatches);
}

}  // namespace pipetrain::generators
