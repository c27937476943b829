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

namespace pipetrain {

class ShardedWeights {
 public:
  // `buckets` of each of the rank's stages; both outlive it. `most_gathered`: of the stages at
  // once.
  ShardedWeights(std::vector<StageParameters>& stages,
                 const std::vector<std::vector<Bucket>>& buckets, Collective& replicas, Ops& ops,
                 int most_gathered);

  void begin();  // a step: forgets how long gathers took
  // Starts to gather the rank's `stage`-th stage. All replicas do so in the same order.
  void unshard(std::size_t stage);
  bool gathered(std::size_t stage);  // moves it along
  void wait(std::size_t stage);
  // Its layers have no weights until it is gathered again.
  void reshard(std::size_t stage);
  void poll();
  // From the start to the end of a gather, mean of the step; 0 if there was none.
  double mean_seconds(std::size_t stage) const;

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
