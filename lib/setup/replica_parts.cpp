#include "setup/replica_parts.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "pipeline/one_replica.h"
#include "pipeline/replica_sum.h"
#include "pipeline/sharded_gradients.h"
#include "pipeline/sharded_weights.h"
#include "pipeline/tied_gradients.h"
#include "schedule/limits.h"

namespace pipetrain {
namespace {

std::unique_ptr<GradientReducer> make_reducer(RankState& state, const GridLinks& links, Mode mode,
                                              bool overlaps) {
  ParameterStore& parameters = state.parameters();
  const RankMap& map = state.map();
  const bool alone = map.replicas() == 1;
  TiedGradients tied(
      parameters, links.mailbox, state.ops(),
      [map](int stage, int near) {
        return map.rank_of_stage(stage, map.position().data, map.copy_of(near));
      },
      alone ? state.step_inputs() : 0, overlaps);
  if (mode != Mode::kTrain || alone) {
    return std::make_unique<OneReplica>(std::move(tied));
  }
  // Ranks that face each other end their stages in another order, each.
  const SumOrder order = map.copies() > 1 ? SumOrder::kFromLastStage : SumOrder::kAsComplete;
  if (state.shards_parameters()) {
    return std::make_unique<ShardedGradients>(parameters, state.buckets(), links.replicas,
                                              state.ops(), std::move(tied));
  }
  if (state.shards_optimizer()) {
    return std::make_unique<SharedOutSum>(parameters, state.buckets(), links.replicas,
                                          state.ops().pool(), std::move(tied), order);
  }
  return std::make_unique<ReplicaSum>(parameters, state.buckets(), links.replicas,
                                      state.ops().pool(), std::move(tied), order);
}

std::unique_ptr<StageWeights> make_weights(RankState& state, const GridLinks& links) {
  if (!state.shards_parameters()) return std::make_unique<WholeWeights>();
  return std::make_unique<ShardedWeights>(state.parameters().stages(), state.buckets(),
                                          links.replicas, state.ops(), kMostGathered);
}

}  // namespace

ReplicaParts make_replica_parts(RankState& state, const GridLinks& links, Mode mode,
                                bool overlaps) {
  const auto used = [&] { return static_cast<std::int64_t>(state.ops().pool().used_bytes()); };
  ReplicaParts parts{.gradients = make_reducer(state, links, mode, overlaps)};
  const std::int64_t before = used();
  parts.weights = make_weights(state, links);
  parts.gathered_bytes = used() - before;
  return parts;
}

}  // namespace pipetrain
