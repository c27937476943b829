// AdamW (Loshchilov and Hutter, arXiv:1711.05101, algorithm 2).
#include <cmath>
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

class AdamW : public Optimizer {
 public:
  AdamW(const OptimizerConfig& config, std::vector<FlatParameters> buffers, Ops& ops)
      : config_(config),
        buffers_(std::move(buffers)),
        ops_(ops),
        first_(zero_moments(ops.pool(), buffers_)),
        second_(zero_moments(ops.pool(), buffers_)) {}

  void update(std::int64_t step, double learning_rate, double gradient_scale) override {
    constexpr double kEpsilon = 1e-8;
    const WorkScope scope(
        ops_, [&] { return update_work("adamw", buffers_, {.moments = 2, .flop = 15}); });
    const auto [beta1, beta2] = config_.betas;
    const double correction1 = 1 - std::pow(beta1, static_cast<double>(step));
    const double correction2 = 1 - std::pow(beta2, static_cast<double>(step));
    AdamWStep scalars{static_cast<float>(gradient_scale),
                      static_cast<float>(learning_rate / correction1),
                      1.0f,
                      static_cast<float>(beta1),
                      static_cast<float>(beta2),
                      static_cast<float>(kEpsilon),
                      static_cast<float>(1 / std::sqrt(correction2))};
    const double next_correction1 = 1 - std::pow(beta1, static_cast<double>(step + 1));
    const NadamRates rates{static_cast<float>(learning_rate * beta1 / next_correction1),
                           static_cast<float>(learning_rate * (1 - beta1) / correction1)};
    const auto decay = static_cast<float>(1 - learning_rate * config_.weight_decay);
    for_each_part(buffers_, [&](std::size_t b, std::int64_t at, std::int64_t moment, std::int64_t n,
                                bool decays) {
      AdamWStep mine = scalars;
      if (decays) mine.decay_factor = decay;
      float *value = buffers_[b].values + at, *first = first_[b].f32() + moment,
            *second = second_[b].f32() + moment;
      const float* gradient = buffers_[b].gradients + at;
      if (config_.looks_ahead) {
        nadamw(value, gradient, first, second, n, mine, rates);
      } else {
        ops_.simd().adamw(value, gradient, first, second, n, mine);
      }
    });
  }

  std::vector<Moment> moments(std::size_t index) override {
    return {{"first_moment", &first_[index]}, {"second_moment", &second_[index]}};
  }

 private:
  OptimizerConfig config_;
  std::vector<FlatParameters> buffers_;
  Ops& ops_;
  std::vector<Tensor> first_, second_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adamw(const OptimizerConfig& config,
                                      std::vector<FlatParameters> buffers, Ops& ops) {
  return std::make_unique<AdamW>(config, std::move(buffers), ops);
}

}  // namespace pipetrain
