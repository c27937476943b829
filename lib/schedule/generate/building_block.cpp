#include "schedule/generate/building_block.h"

#include "schedule/generate/slot_grid.h"

namespace pipetrain::generators {

RankActions repeated(const BuildingBlock& block, int microbatches) {
  constexpr int kInterval = 6;  // F, I and W of two stages
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
  RankActions all;
  for (int rank = 0; rank < grid.rank_count(); ++rank) all.push_back(grid.actions(rank));
  return all;
}

}  // namespace pipetrain::generators
