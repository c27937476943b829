#include <cstdint>

#include "ops/simd/isa.h"

namespace pipetrain::PIPETRAIN_ISA {

void adamw(float* __restrict value, const float* __restrict gradient, float* __restrict first,
           float* __restrict second, std::int64_t n, const AdamWStep& step) {
  const AdamWStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] * s.gradient_scale;
    first[i] = s.beta1 * first[i] + (1.0f - s.beta1) * g;
    second[i] = s.beta2 * second[i] + (1.0f - s.beta2) * g * g;
    const float root = __builtin_sqrtf(second[i]) * s.inverse_sqrt_correction2 + s.epsilon;
    value[i] = value[i] * s.decay_factor - s.learning_rate * first[i] / root;
  }
}

void sgd(float* __restrict value, const float* __restrict gradient, float* __restrict momentum,
         std::int64_t n, const SgdStep& step) {
  const SgdStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    const float g = gradient[i] * s.gradient_scale + s.weight_decay * value[i];
    momentum[i] = s.momentum * momentum[i] + g;
    value[i] -= s.learning_rate * momentum[i];
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
