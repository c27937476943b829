// Batch norm (Ioffe and Szegedy, arXiv:1502.03167) over all axes but the last, with a ReLU behind
// it if so told. Training takes mean and variance from each microbatch; the running ones, which
// evaluation uses, are updated in ascending order of microbatches, whatever the schedule: running =
// 0.9 running + 0.1 of the microbatch's mean and unbiased variance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "nn/layer.h"
#include "ops/batch_norm.h"

namespace pipetrain {

class BatchNorm : public Layer {
 public:
  // (..., C) -> (..., C)
  BatchNorm(std::string name, Shape row, bool relu);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;

 private:
  // With these statistics.
  ChannelNorm norm(const float* mean, const float* variance) const {
    return {mean, variance, value(gamma_), value(beta_), relu_};
  }
  void update_running(const Context& context, const Tensor& moments) const;

  std::int64_t channels_;
  bool relu_;
  std::size_t gamma_, beta_, running_mean_, running_variance_;
};

}  // namespace pipetrain
