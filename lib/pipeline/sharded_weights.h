// The whole weights of a rank's stages for as long as they are in use: gathered from the replicas,
// each of which keeps its shard, and dropped after. It must not know schedules or gradients.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "comm/collective.h"
#include "ops/ops.h"
#include "pipeline/shards.h"
#include "pipeline/stage_weights.h"

namespace pipetrain {

class ShardedWeights final : public StageWeights {
 public:
  // `buckets` of each of the rank's stages; both outlive it. `most_gathered`: of the stages at
  // once.
  ShardedWeights(std::vector<StageParameters>& stages,
                 const std::vector<std::vector<Bucket>>& buckets, Collective& replicas, Ops& ops,
                 int most_gathered);

  void begin() override;
  void unshard(std::size_t stage) override;
  bool gathered(std::size_t stage) override;
  void wait(std::size_t stage) override;
  void reshard(std::size_t stage) override;
  void poll() override;
  double mean_seconds(std::size_t stage) const override;

 private:
  struct Gathered {
    Tensor* whole = nullptr;  // while it is, or is becoming, whole
    std::deque<std::unique_ptr<Pending>> gathers;
    double started = 0, seconds = 0;
    int times = 0;
  };

  void bind(std::size_t stage, float* values);

  std::vector<StageParameters>& stages_;
  const std::vector<std::vector<Bucket>>& buckets_;
  Collective& replicas_;
  Ops& ops_;
  std::vector<Gathered> gathered_;  // per stage
  std::vector<Tensor> room_;        // each for any of the stages, whose sizes differ
  std::vector<Tensor*> free_;
};

}  // namespace pipetrain
