// How the replicas of a pipeline keep weights and sum gradients: the one place that chooses among
// the ways there are. It must not know how a step is run.
#pragma once

#include <cstdint>
#include <memory>

#include "comm/grid_links.h"
#include "pipeline/gradient_reducer.h"
#include "pipeline/stage_weights.h"
#include "setup/rank_state.h"

namespace pipetrain {

struct ReplicaParts {
  std::unique_ptr<GradientReducer> gradients;
  std::unique_ptr<StageWeights> weights;
  std::int64_t gathered_bytes = 0;  // tensor memory that the weights have taken
};

// `state` and what `links` names outlive them. For kEvaluate no gradients are summed. `overlaps`:
// messages of the next step may be under way when a step's gradients are complete.
ReplicaParts make_replica_parts(RankState& state, const GridLinks& links, Mode mode,
                                bool overlaps = false);

}  // namespace pipetrain
