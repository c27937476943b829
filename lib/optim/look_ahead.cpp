#include "optim/look_ahead.h"

#include <cmath>

namespace pipetrain {

void nadamw(float* __restrict value, const float* __restrict gradient, float* __restrict first,
            float* __restrict second, std::int64_t n, const AdamWStep& step, NadamRates rates) {
  const AdamWStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] * s.gradient_scale;
    first[i] = s.beta1 * first[i] + (1.0f - s.beta1) * g;
    second[i] = s.beta2 * second[i] + (1.0f - s.beta2) * g * g;
    const float root = std::sqrt(second[i]) * s.inverse_sqrt_correction2 + s.epsilon;
    value[i] = value[i] * s.decay_factor - (rates.ahead * first[i] + rates.fresh * g) / root;
  }
}

void nesterov_sgd(float* __restrict value, const float* __restrict gradient,
                  float* __restrict momentum, std::int64_t n, const SgdStep& step) {
  const SgdStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] * s.gradient_scale + s.weight_decay * value[i];
    momentum[i] = s.momentum * momentum[i] + g;
    value[i] -= s.learning_rate * (g + s.momentum * momentum[i]);
  }
}

}  // namespace pipetrain
