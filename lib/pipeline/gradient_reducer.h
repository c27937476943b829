// Sums gradients over the copies of a parameter: all over the replicas of the pipeline, and then
// the two uses of a tied one. It must not know layers, optimizers or schedules.
#pragma once

#include <cstddef>
#include <functional>

#include "comm/mailbox.h"
#include "ops/ops.h"
#include "pipeline/parameter_store.h"
#include "pipeline/replica_sum.h"
#include "pipeline/sharded_gradients.h"

namespace pipetrain {

// Over the replicas gradients are summed by one of these; both null: there is one replica.
struct OverReplicas {
  ReplicaSum* whole = nullptr;
  ShardedGradients* sharded = nullptr;
  bool alone() const { return whole == nullptr && sharded == nullptr; }
};

class GradientReducer {
 public:
  // `rank_of_stage` gives the rank that owns a stage.
  GradientReducer(ParameterStore& parameters, Mailbox& mailbox, Ops& ops,
                  std::function<int(int)> rank_of_stage, OverReplicas replicas = {});

  // Of sharded weights the gradients of each microbatch are taken away as soon as they are made.
  bool takes_each_microbatch() const { return replicas_.sharded != nullptr; }

  void begin();
  // A layer of the rank's `stage`-th stage runs its W.
  void before_weights(std::size_t stage, std::size_t layer);
  void after_weights(std::size_t stage, std::size_t layer, bool last_microbatch);
  // The gradients of `stage` are complete: without replicas, starts sending the tied ones that
  // another rank needs.
  void start(int stage, int parity);
  // Moves along what is under way over the replicas.
  void poll();
  // Waits for what others sent, and adds: afterwards every slot (or of the replicas' shares this
  // rank's) holds the whole gradient, the same bits on every copy.
  void finish(int parity);

 private:
  void exchange(int stage, int parity);
  void add_tied(int parity);

  ParameterStore& parameters_;
  Mailbox& mailbox_;
  Ops& ops_;
  std::function<int(int)> rank_of_stage_;
  OverReplicas replicas_;
};

}  // namespace pipetrain
