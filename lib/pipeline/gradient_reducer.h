// Sums gradients over the copies of a parameter: the two uses of a tied one, and all over the
// replicas of the pipeline. It must not know layers, optimizers or schedules.
#pragma once

#include <functional>

#include "comm/mailbox.h"
#include "ops/ops.h"
#include "pipeline/parameter_store.h"
#include "pipeline/replica_sum.h"

namespace pipetrain {

class GradientReducer {
 public:
  // `rank_of_stage` gives the rank that owns a stage. `replicas` is null if there is one only.
  GradientReducer(ParameterStore& parameters, Mailbox& mailbox, Ops& ops,
                  std::function<int(int)> rank_of_stage, ReplicaSum* replicas = nullptr);

  void begin();
  // The rank's `stage`-th stage has run the last W of its layers from `layer` on.
  void layer_done(std::size_t stage, std::size_t layer);
  // The gradients of `stage` are complete: starts sending the tied ones that another rank needs.
  void start(int stage, int parity);
  // Moves along what is under way over the replicas.
  void poll();
  // Waits for what others sent, and adds: afterwards every slot (or of the replicas' shares this
  // rank's) holds the whole gradient, the same bits on every copy.
  void finish(int parity);

 private:
  void add_tied(int parity);

  ParameterStore& parameters_;
  Mailbox& mailbox_;
  Ops& ops_;
  std::function<int(int)> rank_of_stage_;
  ReplicaSum* replicas_;
};

}  // namespace pipetrain
