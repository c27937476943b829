#include "schedule/generate/slot_grid.h"

#include <algorithm>
#include <array>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;
using namespace pipetrain::generators;

namespace {

using Slots = std::vector<std::array<int, 4>>;

std::vector<std::vector<Action>> actions_of_all(const SlotGrid& grid) {
  std::vector<std::vector<Action>> all;
  for (int rank = 0; rank < grid.rank_count(); ++rank) all.push_back(grid.actions(rank));
  return all;
}

Timeline run(const SlotGrid& grid, int microbatches) {
  const Schedule schedule{Placement::wave(grid.rank_count()), microbatches, actions_of_all(grid)};
  return simulate(schedule, equal_costs(schedule, 2, 2, 2));
}

double most_live(const Timeline& timeline) {
  return *std::ranges::max_element(timeline.peak_live_microbatches);
}

}  // namespace

TEST_CASE("Each microbatch takes the slots of the first, an interval later") {
  const SlotGrid grid(Slots{{0, 3, 4, 7}, {1, 2, 5, 6}}, 2, 8);
  CHECK(actions_of_all(grid) ==
        actions_of("0F0 3F0 3I0 0I0 0F1 3F1 3I1 0I1\n1F0 2F0 2I0 1I0 1F1 2F1 2I1 1I1"));
}

TEST_CASE("Weights take the idle slots behind their input gradients, or follow at the end") {
  SlotGrid grid(Slots{{0, 2, 4, 6}}, 1, 6);
  grid.add_weights();
  CHECK(grid.actions(0) == actions_of("0F0 1F0 1I0 1W0 0I0 0W0").front());
  grid.remove_weights();
  CHECK(grid.actions(0) == actions_of("0F0 1F0 1I0 0I0").front());
}

TEST_CASE("Of two weights that could come the one of the stage on the way up is first") {
  SlotGrid grid(Slots{{0, 1, 2, 3}}, 1, 6);
  grid.add_weights();
  CHECK(grid.actions(0) == actions_of("0F0 1F0 1I0 0I0 1W0 0W0").front());
}

TEST_CASE("Squeezed, a pass waits for its rank and its inputs alone") {
  SlotGrid grid(Slots{{0, 2, 4, 6}}, 1, 6);
  grid.squeeze();  // to 0, 1, 2, 3: no slot is left between the gradients
  grid.add_weights();
  CHECK(grid.actions(0) == actions_of("0F0 1F0 1I0 0I0 1W0 0W0").front());
  SlotGrid both(Slots{{0, 9, 10, 19}, {4, 6, 12, 14}}, 1, 20);
  both.squeeze();  // rank 0 waits for two slots each time: 0 and 3, 4 and 7
  both.add_weights();
  CHECK(actions_of_all(both) == actions_of("0F0 3F0 3I0 3W0 0I0 0W0\n1F0 2F0 2I0 1I0 2W0 1W0"));
}

TEST_CASE("Reordered, passes come no later, and no rank keeps more than the one that kept most") {
  int shorter = 0;
  for (int ranks = 2; ranks <= 6; ++ranks) {
    // V-Half's block, for an odd number of ranks and an even one.
    const int gap = ranks % 2 == 0 ? 3 : 0, microbatches = 2 * ranks;
    Slots block;
    for (int r = 0; r < ranks; ++r) {
      block.push_back(
          {2 * r, 3 * ranks - r - 2, 3 * ranks + gap + 2 * r - 1, 6 * ranks + gap - r - 2});
    }
    SlotGrid grid(block, microbatches, 6);
    grid.add_weights();
    const Timeline before = run(grid, microbatches);
    grid.reorder(true);
    const Timeline after = run(grid, microbatches);
    CAPTURE(ranks);
    CHECK(after.makespan() <= before.makespan());
    CHECK(most_live(after) <= most_live(before));
    if (after.makespan() < before.makespan()) ++shorter;
  }
  CHECK(shorter >= 3);
}
