// V-Half and V-Min: "Pipeline Parallelism with Controllable Memory" (Qi et al. 2024). A building
// block, the slots of one microbatch's passes, repeats every 6 slots and bounds the memory (section
// 3); then passes of the warm-up and the cool-down move into idle slots (section 3.3). The rule is
// that of sail-sg/zero-bubble-pipeline-parallelism.
#include <array>
#include <vector>

#include "schedule/generate/generators.h"
#include "schedule/generate/slot_grid.h"

namespace pipetrain::generators {
namespace {

constexpr int kInterval = 6;  // F, I and W of two stages

using Block = std::vector<std::array<int, 4>>;  // per rank: slots of F down, F up, I up, I down

Schedule from_block(const Block& block, int virtual_stages, int microbatches) {
  SlotGrid grid(block, microbatches, kInterval);
  grid.add_weights();
  grid.reorder(true);
  grid.squeeze();
  grid.remove_weights();
  grid.reorder(false);
  grid.add_weights();
  grid.squeeze();
  grid.remove_weights();
  grid.add_weights();
  Schedule schedule{Placement::kV, microbatches, virtual_stages, {}};
  for (int rank = 0; rank < grid.rank_count(); ++rank) {
    schedule.ranks.push_back(grid.actions(rank));
  }
  return schedule;
}

}  // namespace

// Half of 1F1B's memory, as p grows. generate("v-half", 2, 2, 2) (stages 0 and 3, stages 1 and 2):
//   0F0 0F1     3F0 3I0 3W0 3F1     0I0 3I1 3W1 0W0     0I1 0W1
//       1F0 2F0 1F1 2F1 2I0 2W0 1I0 1W0     2I1 2W1 1I1 1W1
Schedule v_half(int ranks, int virtual_stages, int microbatches) {
  const int gap = ranks % 2 == 0 ? 3 : 0;  // so that no two passes meet in a slot
  Block block;
  for (int r = 0; r < ranks; ++r) {
    block.push_back(
        {2 * r, 3 * ranks - r - 2, 3 * ranks + gap + 2 * r - 1, 6 * ranks + gap - r - 2});
  }
  return from_block(block, virtual_stages, microbatches);
}

// A third of 1F1B's memory, as p grows. generate("v-min", 2, 2, 2):
//   0F0 0F1     3F0 3I0 3W0     0I0 0W0 3F1 3I1 3W1     0I1 0W1
//       1F0 2F0         2I0 1I0 1F1 2F1 2W0 1W0 2I1 1I1 2W1 1W1
Schedule v_min(int ranks, int virtual_stages, int microbatches) {
  const int gap = ranks % 3 == 0 ? 2 : 0;
  Block block;
  for (int r = 0; r < ranks; ++r) {
    block.push_back({r, 2 * ranks - r - 1, 2 * ranks + gap + r, 4 * ranks + gap - r - 1});
  }
  return from_block(block, virtual_stages, microbatches);
}

}  // namespace pipetrain::generators
