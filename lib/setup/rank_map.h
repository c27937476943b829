// Which rank of the grid runs which stage, in every replica and tensor-parallel group: a schedule's
// placement laid over the grid. Arithmetic on numbers; it must not know layers, messages or steps.
#pragma once

#include <cstddef>
#include <vector>

#include "comm/grid.h"
#include "data/coordinator.h"
#include "pipeline/stage_route.h"
#include "schedule/schedule.h"

namespace pipetrain {

// As one rank sees it.
class RankMap {
 public:
  // `schedule` is for the grid's number of pipeline ranks. `cuts_embedding`: all of them look up.
  RankMap(const Grid& grid, int rank, const Schedule& schedule, bool cuts_embedding = false);

  const Grid& grid() const { return grid_; }
  int rank() const { return rank_; }
  const GridPosition& position() const { return position_; }
  std::size_t place() const { return static_cast<std::size_t>(position_.pipeline); }

  int stage_count() const { return placement_.stage_count(); }
  int copies() const { return placement_.copies(); }  // of every stage
  std::vector<int> local_stages() const;              // of this rank, ascending
  // Which copy of a stage of this rank it has.
  int copy_of(int stage) const { return placement_.copy_on(position_.pipeline, stage); }
  // How many ranks have this rank's slices of its stages, of all replicas and copies, and the how
  // manieth of them it is: as Grid::stage_group has them.
  int replicas() const { return grid_.data() * copies(); }
  int replica() const;
  // In `replica`, the rank that has this rank's place in its tensor-parallel group.
  int rank_of_stage(int stage, int replica, int copy = 0) const;
  // The same of every stage of this rank's replica; and who has the last stage in every replica,
  // the first of those that share its layers. Of first copies.
  std::vector<int> ranks_of_stages() const;
  std::vector<int> last_ranks() const;
  RankRoutes routes() const;  // of the local stages and, if it is cut, the vocabulary's pieces
  // Where the data of each replica go, to each copy; with `documents` to every stage.
  std::vector<PipelineEnds> ends(bool documents = false) const;

 private:
  // Who has a piece of the vocabulary, in the order of places; none if it is whole.
  std::vector<int> ranks_of_pieces(int replica) const;

  Grid grid_;
  int rank_;
  GridPosition position_;
  Placement placement_;
  VocabularyPlace vocabulary_;
  bool cuts_embedding_;
};

}  // namespace pipetrain
