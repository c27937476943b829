#include "setup/rank_map.h"

#include <cstddef>

namespace pipetrain {

RankMap::RankMap(const Grid& grid, int rank, const Schedule& schedule, bool cuts_embedding)
    : grid_(grid),
      rank_(rank),
      position_(grid.position_of(rank)),
      placement_(schedule.placement),
      vocabulary_(schedule.vocabulary),
      cuts_embedding_(cuts_embedding) {}

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
  GridPosition position{.data = 0, .pipeline = placement_.rank_of(stage_count() - 1), .tensor = 0};
  std::vector<int> ranks;
  ranks.reserve(static_cast<std::size_t>(grid_.data()));
  for (; position.data < grid_.data(); ++position.data) ranks.push_back(grid_.rank_of(position));
  return ranks;
}

RankRoutes RankMap::routes() const {
  RankRoutes routes = routes_on(placement_, position_.pipeline, vocabulary_, cuts_embedding_);
  const auto to_grid = [&](int& place) {
    if (place < 0) return;
    GridPosition position = position_;
    position.pipeline = place;
    place = grid_.rank_of(position);
  };
  for (StageRoute& route : routes.stages) {
    to_grid(route.below);
    to_grid(route.above);
  }
  for (int& place : routes.vocabulary.pieces) to_grid(place);
  for (int& place : routes.vocabulary.chain) to_grid(place);
  to_grid(routes.vocabulary.last_rank);
  return routes;
}

std::vector<int> RankMap::ranks_of_pieces(int replica) const {
  std::vector<int> ranks;
  for (int place = 0; is_over_pipeline(vocabulary_) && place < grid_.pipeline(); ++place) {
    GridPosition position = position_;
    position.data = replica;
    position.pipeline = place;
    ranks.push_back(grid_.rank_of(position));
  }
  return ranks;
}

std::vector<PipelineEnds> RankMap::ends(bool documents) const {
  std::vector<PipelineEnds> ends;
  for (int replica = 0; replica < grid_.data(); ++replica) {
    for (int copy = 0; copy < copies(); ++copy) {
      const auto group = [&](int stage) {
        return grid_.tensor_group(rank_of_stage(stage, replica, copy));
      };
      ends.push_back({group(0), group(stage_count() - 1)});
      if (is_over_pipeline(vocabulary_)) {
        ends.back().last_ranks = ranks_of_pieces(replica);  // all need the targets
      }
      if (cuts_embedding_) ends.back().first_ranks = ranks_of_pieces(replica);  // or the ids
      for (int stage = 0; documents && stage < stage_count(); ++stage) {
        ends.back().stage_ranks.push_back(group(stage));
      }
    }
  }
  return ends;
}

}  // namespace pipetrain
