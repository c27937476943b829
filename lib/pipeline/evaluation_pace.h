// Holds a pipeline's ranks together in evaluation, where no gradient comes back to stop the first
// ones from running ahead: what they have sent would pile up. A rank begins kEvaluationBatches
// (schedule/limits.h) ahead of the last stage. It must not know layers or losses.
#pragma once

#include <deque>
#include <vector>

#include "comm/mailbox.h"
#include "pipeline/stage.h"

namespace pipetrain {

class EvaluationPace {
 public:
  // The rank of each stage of the pipeline that this rank is part of; and who has the last stage in
  // each replica, for the rank that feeds them all: of those that share its layers, one.
  EvaluationPace(Mailbox& mailbox, MemoryPool& pool, std::vector<int> rank_of_stage,
                 const std::vector<int>& last_ranks);

  // Waits until the batch may begin; and says, on a last stage's rank, that it has ended. Also of a
  // batch of which the replica has no rows.
  void begin(const StepContext& batch);
  void end(const StepContext& batch);
  // Waits until all have ended.
  void finish();

 private:
  Message message(int peer, int parity) const;
  void await_first();

  Mailbox& mailbox_;
  MemoryPool& pool_;
  int last_stage_;
  std::vector<int> heard_, told_;   // ranks whose ends this one waits for; to which it says its own
  std::deque<int> begun_parities_;  // of the batches under way
};

}  // namespace pipetrain
