#include "setup/rank_map.h"

#include <cstddef>

namespace pipetrain {

RankMap::RankMap(const Grid& grid, int rank, const Schedule& schedule)
    : grid_(grid), rank_(rank), position_(grid.position_of(rank)), placement_(schedule.placement) {}

std::vector<int> RankMap::local_stages() const { return placement_.stages_of(position_.pipeline); }

int RankMap::replica() const {
  const bool later = copies() > 1 && 2 * position_.pipeline >= grid_.pipeline();
  return position_.data * copies() + (later ? 1 : 0);
}

int RankMap::rank_of_stage(int stage, int replica, int copy) const {
  GridPosition position = position_;
  position.data = replica;
  position.pipeline = placement_.rank_of(stage, copy);
  return grid_.rank_of(position);
}

std::vector<int> RankMap::ranks_of_stages() const {
  std::vector<int> ranks;
  ranks.reserve(static_cast<std::size_t>(stage_count()));
  for (int s = 0; s < stage_count(); ++s) ranks.push_back(rank_of_stage(s, position_.data));
  return ranks;
}

std::vector<int> RankMap::last_ranks() const {
  std::vector<int> ranks;
  ranks.reserve(static_cast<std::size_t>(grid_.data()));
  for (int replica = 0; replica < grid_.data(); ++replica) {
    ranks.push_back(rank_of_stage(stage_count() - 1, replica));
  }
  return ranks;
}

RankRoutes RankMap::routes() const {
  RankRoutes routes = routes_on(placement_, position_.pipeline);
  for (StageRoute& route : routes.stages) {
    for (int* place : {&route.below, &route.above}) {
      if (*place < 0) continue;
      GridPosition position = position_;
      position.pipeline = *place;
      *place = grid_.rank_of(position);
    }
  }
  return routes;
}

std::vector<PipelineEnds> RankMap::ends(bool documents) const {
  std::vector<PipelineEnds> ends;
  for (int replica = 0; replica < grid_.data(); ++replica) {
    for (int copy = 0; copy < copies(); ++copy) {
      const auto group = [&](int stage) {
        return grid_.tensor_group(rank_of_stage(stage, replica, copy));
      };
      ends.push_back({group(0), group(stage_count() - 1)});
      for (int stage = 0; documents && stage < stage_count(); ++stage) {
        ends.back().stage_ranks.push_back(group(stage));
      }
    }
  }
  return ends;
}

}  // namespace pipetrain
