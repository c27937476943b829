// Sums gradients over the replicas of the pipeline, in buckets that start as soon as their layers
// have run their last W: reduce-scatter, then all-gather of the gradients, or later of the weights.
// It must not know layers, optimizers or schedules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "comm/collective.h"
#include "pipeline/gradient_reducer.h"
#include "pipeline/shards.h"
#include "pipeline/tied_gradients.h"

namespace pipetrain {

// In which order the sums start; every rank that takes part must have the same.
enum class SumOrder : std::uint8_t {
  kAsComplete,     // where all run the same list of actions
  kFromLastStage,  // a stage's when those of all higher ones have started: on whatever lists
};

// What both sums have: afterwards each replica has its own part of every bucket. The two uses of a
// tied parameter are summed apart, and then added.
class BucketSum : public GradientReducer {
 public:
  void begin() override;
  void before_weights(std::size_t, std::size_t) override {}
  void after_weights(std::size_t stage, std::size_t layer, bool last_microbatch) override;
  void stage_done(int, int) override {}
  void poll() override;  // starts what can be, ends what has come
  void finish(int parity) override;

 protected:
  // `buckets` of each of the rank's stages; both outlive it.
  BucketSum(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
            Collective& replicas, MemoryPool& pool, TiedGradients tied, SumOrder order);

  // Starts to send this replica's part of a bucket to the others; null if they do not need it.
  virtual std::unique_ptr<Pending> share(std::span<float> gradients, const Bucket& bucket) = 0;
  // Sends the parts of a stage's buffer to each other, of those buckets that `is_sent` picks.
  void gather_all(Tensor StageParameters::* buffer, bool (*is_sent)(const Bucket&),
                  const char* what);

  Collective& replicas_;

 private:
  struct Summed {
    std::span<float> gradients;
    const Bucket* bucket;
    std::size_t layer;  // whose W completes it
    std::unique_ptr<Pending> operation;
  };

  void list(ParameterStore& parameters);
  void begin_complete(std::size_t stage);  // puts what is complete into the queue
  void finish_parts();

  std::vector<StageParameters>& stages_;
  const std::vector<std::vector<Bucket>>& buckets_;
  TiedGradients tied_;
  std::vector<std::vector<Summed>> summed_;  // per stage, in order of completion
  SumOrder order_;
  // Per stage: how many of its gradients are complete, and how many of them have got their turn.
  std::vector<std::size_t> complete_, begun_;
  std::deque<Summed*> waiting_, scattering_, gathering_;
  std::vector<Tensor> scratch_;  // as many as there may be reduce-scatters at a time
};

// Every replica gets the whole sum, and updates all weights.
class ReplicaSum final : public BucketSum {
 public:
  ReplicaSum(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
             Collective& replicas, MemoryPool& pool, TiedGradients tied,
             SumOrder order = SumOrder::kAsComplete)
      : BucketSum(parameters, buckets, replicas, pool, std::move(tied), order) {}
  void finish(int parity) override;
  void gather_updated() override {}

 private:
  std::unique_ptr<Pending> share(std::span<float> gradients, const Bucket& bucket) override;
};

// Each replica gets its own part only, with which it updates its part of the weights; those are
// gathered then.
class SharedOutSum final : public BucketSum {
 public:
  SharedOutSum(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
               Collective& replicas, MemoryPool& pool, TiedGradients tied,
               SumOrder order = SumOrder::kAsComplete)
      : BucketSum(parameters, buckets, replicas, pool, std::move(tied), order) {}
  void gather_updated() override;

 private:
  std::unique_ptr<Pending> share(std::span<float>, const Bucket&) override { return nullptr; }
};

}  // namespace pipetrain
