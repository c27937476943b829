// How a rank's gradients become those of the whole batch: summed over the replicas of the pipeline,
// and over the two uses of a tied parameter. It must not know layers, optimizers or schedules.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pipetrain {

// There is one for each way to share out gradients: OneReplica, ReplicaSum, SharedOutSum and
// ShardedGradients.
// `stage` counts the rank's own stages, unless it is said to be the pipeline's.
class GradientReducer {
 public:
  virtual ~GradientReducer() = default;

  // Whether each microbatch's gradients are taken away as soon as they are made, so that the next
  // ones overwrite them.
  virtual bool takes_each_microbatch() const { return false; }
  // Tensor memory that gradients are made in, where the stages keep only shares of them.
  virtual std::int64_t room_bytes() const { return 0; }

  // A training step begins.
  virtual void begin() = 0;
  // A layer is about to run its W, and has run it. All replicas say so in the same order. With the
  // last microbatch the gradients of this layer and of all behind it in the stage are complete.
  virtual void before_weights(std::size_t stage, std::size_t layer) = 0;
  virtual void after_weights(std::size_t stage, std::size_t layer, bool last_microbatch) = 0;
  // The gradients of this stage of the pipeline are complete.
  virtual void stage_done(int stage, int parity) = 0;
  // Moves along what is under way.
  virtual void poll() = 0;
  // Waits for what others sent: afterwards what this rank keeps is the whole gradient, the same
  // bits on every copy.
  virtual void finish(int parity) = 0;

  // After the update: where each replica updated a share of the weights, all get the others'.
  virtual void gather_updated() = 0;
};

}  // namespace pipetrain
