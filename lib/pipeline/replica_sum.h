// Sums gradients over the replicas of the pipeline, in buckets that start as soon as their layers
// have run their last W: reduce-scatter, then all-gather of the gradients, or later of the weights.
// It must not know layers, optimizers or schedules.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "comm/collective.h"
#include "pipeline/shards.h"

namespace pipetrain {

class ReplicaSum {
 public:
  // `buckets` of each of the rank's stages; both outlive it. `gathers_gradients`: every replica
  // gets the whole sum; else each only its own part.
  ReplicaSum(std::vector<StageParameters>& stages, const std::vector<std::vector<Bucket>>& buckets,
             Collective& replicas, MemoryPool& pool, bool gathers_gradients);

  // A step begins: nothing is complete.
  void begin();
  // Gradients of the rank's `stage`-th stage are complete from `offset` on, but for tied ones; then
  // the tied ones of all stages. All replicas say so in the same order.
  void complete(std::size_t stage, std::int64_t offset);
  void complete_tied();
  void poll();    // starts what can be, ends what has come
  void finish();  // waits until all is summed

  // Every replica has updated its part of the weights: all get the others'.
  void gather_values();
  // In place, the mean over the replicas.
  void average(std::span<float> values);

 private:
  struct Running {
    std::size_t stage;
    const Bucket* bucket;
    std::unique_ptr<Pending> operation;
  };

  void enqueue(std::size_t stage, bool tied, std::int64_t offset);

  std::vector<StageParameters>& stages_;
  const std::vector<std::vector<Bucket>>& buckets_;
  Collective& replicas_;
  bool gathers_gradients_;
  std::vector<std::size_t> next_;  // per stage: the bucket that is complete next
  std::deque<Running> waiting_, scattering_, gathering_;
  std::vector<Tensor> scratch_;  // as many as there may be reduce-scatters at a time
};

}  // namespace pipetrain
