// Stochastic gradient descent with momentum (Sutskever et al., ICML 2013, equations 1 and 2), as
// PyTorch writes it.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "optim/flat_pass.h"
#include "optim/look_ahead.h"
#include "optim/optimizer.h"

namespace pipetrain {
namespace {

class Sgd : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, std::vector<FlatParameters> buffers, Ops& ops)
      : config_(config),
        buffers_(std::move(buffers)),
        ops_(ops),
        momentum_(zero_moments(ops.pool(), buffers_)) {}

  void update(std::int64_t, double learning_rate, double gradient_scale) override {
    const WorkScope scope(ops_,
                          [&] { return update_work("sgd", buffers_, {.moments = 1, .flop = 6}); });
    const SgdStep scalars{static_cast<float>(gradient_scale), static_cast<float>(learning_rate),
                          static_cast<float>(config_.momentum), 0.0f};
    const auto decay = static_cast<float>(config_.weight_decay);
    for_each_part(buffers_, [&](std::size_t b, std::int64_t at, std::int64_t moment, std::int64_t n,
                                bool decays) {
      SgdStep mine = scalars;
      if (decays) mine.weight_decay = decay;
      const auto& update = config_.looks_ahead ? nesterov_sgd : ops_.simd().sgd;
      update(buffers_[b].values + at, buffers_[b].gradients + at, momentum_[b].f32() + moment, n,
             mine);
    });
  }

  std::vector<Moment> moments(std::size_t index) override {
    return {{"momentum", &momentum_[index]}};
  }

 private:
  OptimizerConfig config_;
  std::vector<FlatParameters> buffers_;
  Ops& ops_;
  std::vector<Tensor> momentum_;
};

}  // namespace

std::unique_ptr<Optimizer> make_sgd(const OptimizerConfig& config,
                                    std::vector<FlatParameters> buffers, Ops& ops) {
  return std::make_unique<Sgd>(config, std::move(buffers), ops);
}

}  // namespace pipetrain
