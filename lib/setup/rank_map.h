// Which rank of the grid runs which stage, in every replica and tensor-parallel group: a schedule's
// placement laid over the grid. Arithmetic on numbers; it must not know layers, messages or steps.
#pragma once

#include <cstddef>
#include <vector>

#include "comm/grid.h"
#include "data/coordinator.h"
#include "schedule/schedule.h"

namespace pipetrain {

// As one rank sees it.
class RankMap {
 public:
  // `schedule` is for the grid's number of pipeline ranks.
  RankMap(const Grid& grid, int rank, const Schedule& schedule);

  const Grid& grid() const { return grid_; }
  int rank() const { return rank_; }
  const GridPosition& position() const { return position_; }
  std::size_t place() const { return static_cast<std::size_t>(position_.pipeline); }

  int stage_count() const { return placement_.stage_count(); }
  std::vector<int> local_stages() const;  // of this rank, ascending
  // In `replica`, the rank that has this rank's place in its tensor-parallel group.
  int rank_of_stage(int stage, int replica) const;
  // The same of every stage of this rank's replica, and of the last stage in every replica.
  std::vector<int> ranks_of_stages() const;
  std::vector<int> last_ranks() const;
  // Where the data of each replica go; with `documents` to every stage.
  std::vector<PipelineEnds> ends(bool documents = false) const;

 private:
  Grid grid_;
  int rank_;
  GridPosition position_;
  Placement placement_;
};

}  // namespace pipetrain
