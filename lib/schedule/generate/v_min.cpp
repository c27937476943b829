// V-Min: a third of 1F1B's memory, as p grows ("Pipeline Parallelism with Controllable Memory", Qi
// et al. 2024, section 3).
#include "schedule/generate/building_block.h"

namespace pipetrain::generators {

// generate("v-min", 2, 2, 2) (stages 0 and 3, stages 1 and 2):
//   0F0 0F1     3F0 3I0 3W0     0I0 0W0 3F1 3I1 3W1     0I1 0W1
//       1F0 2F0         2I0 1I0 1F1 2F1 2W0 1W0 2I1 1I1 2W1 1W1
RankActions v_min(const ScheduleSizes& sizes) {
  const int ranks = sizes.ranks;
  const int gap = ranks % 3 == 0 ? 2 : 0;  // so that no two passes meet in a slot
  BuildingBlock block;
  for (int r = 0; r < ranks; ++r) {
    block.push_back({r, 2 * ranks - r - 1, 2 * ranks + gap + r, 4 * ranks + gap - r - 1});
  }
  return repeated(block, sizes.microbatches);
}

}  // namespace pipetrain::generators
