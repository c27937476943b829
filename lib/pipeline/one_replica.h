// Gradients of a pipeline without replicas: complete as they are made, but for tied parameters. It
// must not know layers, optimizers or schedules.
#pragma once

#include <cstddef>
#include <utility>

#include "pipeline/gradient_reducer.h"
#include "pipeline/tied_gradients.h"

namespace pipetrain {

class OneReplica final : public GradientReducer {
 public:
  explicit OneReplica(TiedGradients tied) : tied_(std::move(tied)) {}

  void begin() override {}
  void before_weights(std::size_t, std::size_t) override {}
  void after_weights(std::size_t, std::size_t, bool) override {}
  void stage_done(int stage, int parity) override { tied_.exchange(stage, parity); }
  void poll() override {}
  void finish(int parity) override { tied_.add_up(parity); }
  void gather_updated() override {}

 private:
  TiedGradients tied_;
};

}  // namespace pipetrain
