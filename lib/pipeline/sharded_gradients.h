// Gradients of sharded weights: those that one layer and microbatch make are whole only until they
// are summed over the replicas, of which each adds its part to what it keeps. It must not know
// schedules, optimizers or when weights are gathered.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "comm/collective.h"
#include "ops/ops.h"
#include "pipeline/shards.h"

namespace pipetrain {

class ShardedGradients {
 public:
  // `buckets` of each of the rank's stages; both outlive it.
  ShardedGradients(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
                   Collective& replicas, Ops& ops);

  void begin();  // a step: each layer's first gradients replace what was kept
  // This layer of the rank's `stage`-th stage is about to make gradients: gives its parameters
  // memory for them, for which it may have to wait. Then they are made. All replicas say so in the
  // same order.
  void make_room(std::size_t stage, std::size_t layer);
  void layer_done(std::size_t stage, std::size_t layer);
  void poll();
  void finish();  // waits until all are summed and kept

 private:
  struct Sum {
    const Bucket* bucket;
    std::int64_t at;  // in the layer's room
    float* kept;      // this replica's part
  };
  struct LayerRoom {
    std::vector<ParameterUse> uses;
    std::vector<std::int64_t> at;  // of each use, in the room
    std::int64_t elements = 0;
    std::vector<Sum> sums;
    bool kept = false;  // something of this step
  };
  struct Running {
    std::unique_ptr<Pending> operation;
    std::span<const float> part;
    float* kept;
    bool adds;
    std::size_t room;
  };

  void lay_out(ParameterStore& parameters, std::size_t stage);
  void take_memory();
  void sum(const Sum& sum, bool adds);
  template <class Done>
  void wait(const Done& done);

  const std::vector<std::vector<Bucket>>& buckets_;
  Collective& replicas_;
  Ops& ops_;
  std::vector<std::vector<LayerRoom>> layers_;  // per stage
  // While one layer's gradients travel, the next layer makes its own.
  std::array<Tensor, 2> rooms_;
  std::array<int, 2> travelling_ = {};  // sums from each room
  std::size_t room_ = 0;                // used now
  std::deque<Running> running_;
  std::vector<Tensor> scratch_;  // as many as there may be reduce-scatters at a time
};

}  // namespace pipetrain
