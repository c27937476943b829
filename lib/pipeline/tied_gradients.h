// The two gradients of a tied parameter, one for each use: exchanged between the ranks that have
// the uses, and added. It must not know replicas, layers or schedules.
#pragma once

#include <functional>

#include "comm/mailbox.h"
#include "ops/ops.h"
#include "pipeline/parameter_store.h"

namespace pipetrain {

class TiedGradients {
 public:
  // `rank_of_stage` gives the rank that owns a stage of the pipeline. The others outlive it.
  TiedGradients(ParameterStore& parameters, Mailbox& mailbox, Ops& ops,
                std::function<int(int)> rank_of_stage);

  // What this rank has of the gradients goes to the rank of the other use, if it is another:
  // of the use in this stage of the pipeline, or of all uses here.
  void exchange(int stage, int parity);
  void exchange_all(int parity);
  // Waits for what others sent. Afterwards the slots hold the sums, the same bits on both ranks.
  void add_up(int parity);

 private:
  ParameterStore& parameters_;
  Mailbox& mailbox_;
  Ops& ops_;
  std::function<int(int)> rank_of_stage_;
};

}  // namespace pipetrain
