// Interleaved 1F1B (Narayanan et al. 2021, section 2.2.2): several stages per rank, which take
// rounds of microbatches in turn.
#include "schedule/generate/rounds.h"

namespace pipetrain::generators {

// generate("interleaved", 2, 2, 2):
//   0F0 0F1 2F0 2F1     2B0     2B1 0B0 0B1
//       1F0 1F1 3F0 3B0 3F1 3B1 1B0 1B1
RankActions interleaved(const ScheduleSizes& sizes) {
  return one_forward_one_backward_in(rounds_of(sizes), sizes.microbatches);
}

}  // namespace pipetrain::generators
