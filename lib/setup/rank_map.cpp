#include "setup/rank_map.h"

#include <cstddef>

namespace pipetrain {

RankMap::RankMap(const Grid& grid, int rank, const Schedule& schedule)
    : grid_(grid), rank_(rank), position_(grid.position_of(rank)), placement_(schedule.placement) {}

std::vector<int> RankMap::local_stages() const { return placement_.stages_of(position_.pipeline); }

int RankMap::rank_of_stage(int stage, int replica) const {
  GridPosition position = position_;
  position.data = replica;
  position.pipeline = placement_.rank_of(stage);
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

std::vector<PipelineEnds> RankMap::ends(bool documents) const {
  std::vector<PipelineEnds> ends;
  for (int replica = 0; replica < grid_.data(); ++replica) {
    ends.push_back({grid_.tensor_group(rank_of_stage(0, replica)),
                    grid_.tensor_group(rank_of_stage(stage_count() - 1, replica))});
    for (int stage = 0; documents && stage < stage_count(); ++stage) {
      ends.back().stage_ranks.push_back(grid_.tensor_group(rank_of_stage(stage, replica)));
    }
  }
  return ends;
}

}  // namespace pipetrain
