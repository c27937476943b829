// Sums gradients over the replicas of the pipeline, in buckets that start as soon as their layers
// have run their last W: reduce-scatter, then all-gather of the gradients, or later of the weights.
// It must not know layers, optimizers or schedules.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "comm/collective.h"
#include "pipeline/shards.h"

namespace pipetrain {

class ReplicaSum {
 public:
  // `buckets` of each of the rank's stages; both outlive it. `gathers_gradients`: every replica
  // gets the whole sum; else each only its own part. The two uses of a tied parameter are summed
  // apart.
  ReplicaSum(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
             Collective& replicas, MemoryPool& pool, bool gathers_gradients);

  // A step begins: nothing is complete.
  void begin();
  // Gradients of the rank's `stage`-th stage are complete from this layer on. All replicas say so
  // in the same order.
  void complete(std::size_t stage, std::size_t layer);
  void poll();  // starts what can be, ends what has come
  // Waits until every replica has its parts of all, and of what is not tied the rest.
  void finish_parts();
  // The tied parameters' parts have been added up: waits until all is as it shall be.
  void finish();

  // Every replica has updated its part of the weights: all get the others'.
  void gather_values();

 private:
  struct Summed {
    std::span<float> gradients;
    const Bucket* bucket;
    std::size_t layer;  // whose W completes it
    std::unique_ptr<Pending> operation;
  };

  void list(ParameterStore& parameters);
  void gather_all(Tensor StageParameters::*buffer, bool tied_only);

  std::vector<StageParameters>& stages_;
  const std::vector<std::vector<Bucket>>& buckets_;
  Collective& replicas_;
  bool gathers_gradients_;
  std::vector<std::vector<Summed>> summed_;  // per stage, in order of completion
  std::vector<std::size_t> next_;            // per stage: which is complete next
  std::deque<Summed*> waiting_, scattering_, gathering_;
  std::vector<Tensor> scratch_;  // as many as there may be reduce-scatters at a time
};

}  // namespace pipetrain
