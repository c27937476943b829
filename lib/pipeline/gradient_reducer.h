// Sums gradients over the copies of a parameter after a stage's last W. Now: the two uses of a tied
// parameter. It must not know layers, optimizers or schedules.
#pragma once

#include <functional>

#include "comm/mailbox.h"
#include "ops/ops.h"
#include "pipeline/parameter_store.h"

namespace pipetrain {

class GradientReducer {
 public:
  // `rank_of_stage` gives the pipeline rank that owns a stage.
  GradientReducer(ParameterStore& parameters, Mailbox& mailbox, Ops& ops,
                  std::function<int(int)> rank_of_stage);

  // The gradients of `stage` are complete: starts sending what other ranks need of them.
  void start(int stage, int parity);
  // Waits for what others sent, and adds: afterwards every slot holds the whole gradient, the same
  // bits on every copy.
  void finish(int parity);

 private:
  ParameterStore& parameters_;
  Mailbox& mailbox_;
  Ops& ops_;
  std::function<int(int)> rank_of_stage_;
};

}  // namespace pipetrain
