// ZB-H1 on interleaved stages (PyTorch's ScheduleInterleavedZeroBubble).
#include "schedule/generate/rounds.h"

namespace pipetrain::generators {

// generate("interleaved-zb", 2, 2, 2):
//   0F0 0F1 2F0 2F1     2I0 2W0 2I1 2W1 0I0 0W0 0I1 0W1
//       1F0 1F1 3F0 3I0 3F1 3I1 3W0 1I0 3W1 1I1 1W0 1W1
RankActions interleaved_zero_bubble(const ScheduleSizes& sizes) {
  return zero_bubble(rounds_of(sizes), sizes.microbatches);
}

}  // namespace pipetrain::generators
