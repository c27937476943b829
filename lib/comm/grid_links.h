// What a rank of the grid talks through. Plain data; it must not know what is said.
#pragma once

#include "comm/collective.h"
#include "comm/grid.h"
#include "comm/mailbox.h"

namespace pipetrain {

struct GridLinks {
  Grid grid;
  Mailbox& mailbox;      // of all ranks of the grid
  Collective& world;     // of all ranks of the grid
  Collective& replicas;  // of Grid::stage_group: the ranks with the same stages
  Collective& tensor;    // of Grid::tensor_group: the ranks that share each layer

  GridPosition position() const { return grid.position_of(world.rank()); }
};

}  // namespace pipetrain
