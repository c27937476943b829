#include "schedule/program.h"

#include <algorithm>
#include <utility>

#include "schedule/embedding_actions.h"
#include "schedule/lower.h"
#include "schedule/shard_actions.h"

namespace pipetrain {

Program program_of(const Schedule& schedule, const Features& features) {
  Schedule actions = features.recomputes.empty()
                         ? lower(schedule)
                         : lower(add_recompute(schedule, features.recomputes));
  if (features.shards_parameters) actions = add_shard_actions(actions);
  if (features.cuts_embedding) actions = add_embedding_actions(actions);
  return {std::move(actions)};
}

std::vector<bool> recomputing_stages(const RecomputedLayers& recomputed_layers,
                                     const std::vector<int>& first_layers) {
  std::vector<bool> stages(first_layers.size());
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const auto end = s + 1 < stages.size() ? recomputed_layers.begin() + first_layers[s + 1]
                                           : recomputed_layers.end();
    stages[s] = std::any_of(recomputed_layers.begin() + first_layers[s], end,
                            [](const Recomputed& layer) { return layer.whole; });
  }
  return stages;
}

}  // namespace pipetrain
