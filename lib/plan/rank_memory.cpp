#include "plan/rank_memory.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

#include "plan/rank_walk.h"
#include "schedule/limits.h"
#include "schedule/message_bounds.h"

namespace pipetrain {
namespace {

// Of no ranks where nothing is trained.
std::vector<MessageBound> bounds_of(const MemoryCase& plan) {
  return plan.training != nullptr ? plan.training->message_bounds() : std::vector<MessageBound>();
}

// What evaluations of this size take beside the steps that `tally` knows.
void add_evaluation(const MemoryCase& plan, std::size_t rank, int batches, BlockTally& tally,
                    RankMemory& memory) {
  if (plan.evaluation == nullptr) return;
  const BlockTally before = tally;
  memory.evaluation += RankWalk(plan, static_cast<int>(rank), tally)
                           .evaluate(plan.evaluation->of_rank(rank), batches);
  tally.return_to(before);
}

// And what shorter training steps take.
void add_short_batch(const MemoryCase& plan, std::size_t rank, const MessageBound& bound,
                     BlockTally& tally, RankMemory& memory) {
  const BlockTally before = tally;
  memory.short_batch +=
      RankWalk(plan, static_cast<int>(rank), tally).short_step(plan.training->of_rank(rank), bound);
  tally.return_to(before);
}

}  // namespace

std::vector<RankMemory> rank_memory(const MemoryCase& plan, const std::vector<MemoryCase>& others) {
  assert(plan.training != nullptr);
  const std::vector<MessageBound> bounds = bounds_of(plan);
  std::vector<std::vector<MessageBound>> other_bounds(others.size());
  std::transform(others.begin(), others.end(), other_bounds.begin(), bounds_of);
  std::vector<RankMemory> ranks;
  for (std::size_t r = 0; r < bounds.size(); ++r) {
    BlockTally tally;
    RankMemory& memory =
        ranks.emplace_back(RankWalk(plan, static_cast<int>(r), tally)
                               .run(plan.training->of_rank(r), plan.parameters[r], bounds[r]));
    add_evaluation(plan, r, kEvaluationBatches, tally, memory);
    for (std::size_t i = 0; i < others.size(); ++i) {
      if (others[i].training != nullptr)
        add_short_batch(others[i], r, other_bounds[i][r], tally, memory);
      add_evaluation(others[i], r, /*batches=*/1, tally, memory);
    }
  }
  return ranks;
}

}  // namespace pipetrain
