// Interleaved 1F1B with one more forward in each rank's warm-up, so that no forward or backward
// needs what has only just been made and messages travel meanwhile (Kimi K2 report 2025, section
// 2.4).
#include "schedule/generate/rounds.h"

namespace pipetrain::generators {

// generate("interleaved-ahead", 2, 2, 4):
//   0F0 0F1 2F0 2F1 0F2 0F3 2B0 2F2 2B1 2F3 0B0     0B1     2B2 2B3 0B2 0B3
//       1F0 1F1 3F0 3F1 3B0 1F2 3B1 1F3 1B0 3F2 1B1 3F3 3B2 3B3 1B2 1B3
RankActions interleaved_ahead(const ScheduleSizes& sizes) {
  return one_forward_one_backward_in(rounds_of(sizes), sizes.microbatches, /*more_warmup=*/1);
}

}  // namespace pipetrain::generators
