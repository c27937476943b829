#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

float layer_norm_forward(const float* x, const float* __restrict gamma,
                         const float* __restrict beta, float* normalized, float* __restrict y,
                         std::int64_t n, float epsilon) {
  const auto count = static_cast<float>(n);
  const float mean = sum(n, [&](auto at) { return at.load(x); }) / count;
  const float squares = sum(n, [&](auto at) {
    const Vector centered = at.load(x) - mean;
    return centered * centered;
  });
  const float rstd = 1.0f / __builtin_sqrtf(squares / count + epsilon);
  for_each_vector(n, [&](auto at) { at.store(normalized, (at.load(x) - mean) * rstd); });
  if (y != nullptr) scale_shift(normalized, gamma, beta, y, n);
  return rstd;
}

void scale_shift(const float* __restrict normalized, const float* __restrict gamma,
                 const float* __restrict beta, float* __restrict y, std::int64_t n) {
  if (beta == nullptr) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = normalized[i] * gamma[i];
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) y[i] = normalized[i] * gamma[i] + beta[i];
}

void layer_norm_backward(float* __restrict dy, const float* __restrict normalized,
                         const float* __restrict gamma, const float* __restrict skip, float rstd,
                         float* __restrict dgamma, float* __restrict dbeta, std::int64_t n) {
  float sum = 0, weighted = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float d = dy[i];
    dgamma[i] += d * normalized[i];
    dbeta[i] += d;
    sum += d * gamma[i];
    weighted += d * gamma[i] * normalized[i];
  }
  const float mean = sum / static_cast<float>(n);
  const float weighted_mean = weighted / static_cast<float>(n);
  if (skip != nullptr) {
    for (std::int64_t i = 0; i < n; ++i) {
      dy[i] = (dy[i] * gamma[i] - mean - normalized[i] * weighted_mean) * rstd + skip[i];
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      dy[i] = (dy[i] * gamma[i] - mean - normalized[i] * weighted_mean) * rstd;
    }
  }
}

float rms_norm_forward(const float* x, const float* __restrict gamma, float* normalized,
                       float* __restrict y, std::int64_t n, float epsilon) {
  const float squares = sum(n, [&](auto at) { return at.load(x) * at.load(x); });
  const float rstd = 1.0f / __builtin_sqrtf(squares / static_cast<float>(n) + epsilon);
  for_each_vector(n, [&](auto at) { at.store(normalized, at.load(x) * rstd); });
  scale_shift(normalized, gamma, nullptr, y, n);
  return rstd;
}

void rms_norm_backward(float* __restrict dy, const float* __restrict normalized,
                       const float* __restrict gamma, const float* __restrict skip, float rstd,
                       float* __restrict dgamma, std::int64_t n) {
  float weighted = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float product = dy[i] * normalized[i];
    dgamma[i] += product;
    weighted += product * gamma[i];
  }
  const float weighted_mean = weighted / static_cast<float>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    dy[i] = (dy[i] * gamma[i] - normalized[i] * weighted_mean) * rstd;
  }
  if (skip != nullptr) {
    for (std::int64_t i = 0; i < n; ++i) dy[i] += skip[i];
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
