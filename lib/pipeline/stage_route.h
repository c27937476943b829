// Where the stages of a rank get their inputs and send their results. Plain data; it must not know
// what is sent.
#pragma once

#include <vector>

#include "schedule/placement.h"

namespace pipetrain {

struct StageRoute {
  int copy = 0;                // of the stage, that this rank has
  int below = -1, above = -1;  // ranks of the stages around it in this copy; -1: there is none
};

struct RankRoutes {
  std::vector<StageRoute> stages;  // of the rank, in ascending order
  double stages_per_rank = 1;      // the mean, of one copy
};

// Of a rank of a pipeline whose ranks are numbered as the placement's.
inline RankRoutes routes_on(const Placement& placement, int rank) {
  RankRoutes routes;
  const int count = placement.stage_count();
  for (const int stage : placement.stages_of(rank)) {
    const int copy = placement.copy_on(rank, stage);
    routes.stages.push_back({.copy = copy,
                             .below = stage > 0 ? placement.rank_of(stage - 1, copy) : -1,
                             .above = stage + 1 < count ? placement.rank_of(stage + 1, copy) : -1});
  }
  routes.stages_per_rank = static_cast<double>(count) / placement.rank_count();
  return routes;
}

}  // namespace pipetrain
