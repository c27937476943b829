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
#include "pipeline/gradient_reducer.h"
#include "pipeline/shards.h"
#include "pipeline/tied_gradients.h"

namespace pipetrain {

class ReplicaSum final : public GradientReducer {
 public:
  // `buckets` of each of the rank's stages; both outlive it. `gathers_gradients`: every replica
  // gets the whole sum; else each only its own part, with which it updates its part of the weights.
  // The two uses of a tied parameter are summed apart, and then added.
  ReplicaSum(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
             Collective& replicas, MemoryPool& pool, TiedGradients tied, bool gathers_gradients);

  void begin() override;
  void before_weights(std::size_t, std::size_t) override {}
  void after_weights(std::size_t stage, std::size_t layer, bool last_microbatch) override;
  void stage_done(int, int) override {}
  void poll() override;  // starts what can be, ends what has come
  void finish(int parity) override;
  void gather_updated() override;

 private:
  struct Summed {
    std::span<float> gradients;
    const Bucket* bucket;
    std::size_t layer;  // whose W completes it
    std::unique_ptr<Pending> operation;
  };

  void list(ParameterStore& parameters);
  void finish_parts();
  void gather_all(Tensor StageParameters::* buffer, bool tied_only);

  std::vector<StageParameters>& stages_;
  const std::vector<std::vector<Bucket>>& buckets_;
  Collective& replicas_;
  TiedGradients tied_;
  bool gathers_gradients_;
  std::vector<std::vector<Summed>> summed_;  // per stage, in order of completion
  std::vector<std::size_t> next_;            // per stage: which is complete next
  std::deque<Summed*> waiting_, scattering_, gathering_;
  std::vector<Tensor> scratch_;  // as many as there may be reduce-scatters at a time
};

}  // namespace pipetrain
