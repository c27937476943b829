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
#include "pipeline/gradient_reducer.h"
#include "pipeline/shards.h"
#include "pipeline/tied_gradients.h"
#include "schedule/limits.h"

namespace pipetrain {

class ShardedGradients final : public GradientReducer {
 public:
  // `buckets` of each of the rank's stages; both outlive it.
  ShardedGradients(ParameterStore& parameters, const std::vector<std::vector<Bucket>>& buckets,
                   Collective& replicas, Ops& ops, TiedGradients tied);

  bool takes_each_microbatch() const override { return true; }
  std::int64_t room_bytes() const override;
  void begin() override;  // each layer's first gradients replace what was kept
  // Gives the layer's parameters memory for their gradients, for which it may have to wait.
  void before_weights(std::size_t stage, std::size_t layer) override;
  void after_weights(std::size_t stage, std::size_t layer, bool last_microbatch) override;
  void stage_done(int, int) override {}
  void poll() override;
  void finish(int parity) override;
  void gather_updated() override {}  // weights are gathered when they are needed

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
  TiedGradients tied_;
  std::vector<std::vector<LayerRoom>> layers_;  // per stage
  // While one layer's gradients travel, the next layer makes its own.
  std::array<Tensor, kGradientRooms> rooms_;
  std::array<int, kGradientRooms> travelling_ = {};  // sums from each room
  std::size_t room_ = 0;                             // used now
  std::deque<Running> running_;
  std::vector<Tensor> scratch_;  // as many as there may be reduce-scatters at a time
};

}  // namespace pipetrain
