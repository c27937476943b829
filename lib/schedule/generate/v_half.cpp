// V-Half: half of 1F1B's memory, as p grows ("Pipeline Parallelism with Controllable Memory", Qi et
// al. 2024, section 3).
#include "schedule/generate/building_block.h"

namespace pipetrain::generators {

// generate("v-half", 2, 2, 2) (stages 0 and 3, stages 1 and 2):
//   0F0 0F1     3F0 3I0 3W0 3F1     0I0 3I1 3W1 0W0     0I1 0W1
//       1F0 2F0 1F1 2F1 2I0 2W0 1I0 1W0     2I1 2W1 1I1 1W1
RankActions v_half(const ScheduleSizes& sizes) {
  const int ranks = sizes.ranks;
  const int gap = ranks % 2 == 0 ? 3 : 0;  // so that no two passes meet in a slot
  BuildingBlock block;
  for (int r = 0; r < ranks; ++r) {
    block.push_back(
        {2 * r, 3 * ranks - r - 2, 3 * ranks + gap + 2 * r - 1, 6 * ranks + gap - r - 2});
  }
  return repeated(block, sizes.microbatches);
}

}  // namespace pipetrain::generators
