// Hanayo (Liu et al. 2023, section 3): stages go down the ranks and back up in w waves, v = 2w a
// rank. One copy of the model does what Chimera's two do; more waves make the bubble shorter.
#include "schedule/generate/in_turn.h"

namespace pipetrain::generators {

// A rank keeps p microbatches at most: those on its later stages find room, too. A B takes one
// cell. generate("hanayo", 2, 2, 3) (stages 0 and 3, stages 1 and 2):
//   0F0 0F1 0F2 3F0 3B0 3F1 3B1 0B0     0B1     3F2 3B2         0B2
//       1F0 2F0 1F1 2F1 2B0 1B0 2B1 1B1 1F2 2F2         2B2 1B2
RankActions hanayo(const ScheduleSizes& sizes) {
  const int limit = sizes.ranks * sizes.virtual_stages;
  return whatever_comes_first(
      Placement::wave(sizes.ranks, sizes.virtual_stages), sizes.microbatches,
      [&](int, const InFlight& live) { return live.of_rank + 1 + live.later <= limit; });
}

}  // namespace pipetrain::generators
