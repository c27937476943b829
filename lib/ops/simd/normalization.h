// One row of layer norm or RMS norm and its gradient, of float or bfloat16 entries; statistics and
// parameters are float32. They must not know more than plain memory.
#pragma once

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

template <class T>
void scale_shift(const T* __restrict normalized, const float* __restrict gamma,
                 const float* __restrict beta, T* __restrict y, std::int64_t n) {
  if (beta == nullptr) {
    for (std::int64_t i = 0; i < n; ++i) set(y[i], get(normalized[i]) * gamma[i]);
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) set(y[i], get(normalized[i]) * gamma[i] + beta[i]);
}

template <class T>
float layer_norm_forward(const T* x, const float* __restrict gamma, const float* __restrict beta,
                         T* normalized, T* __restrict y, std::int64_t n, float epsilon) {
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

template <class T>
void layer_norm_backward(T* __restrict dy, const T* __restrict normalized,
                         const float* __restrict gamma, const T* __restrict skip, float rstd,
                         float* __restrict dgamma, float* __restrict dbeta, std::int64_t n) {
  float sum = 0, weighted = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float d = get(dy[i]), x = get(normalized[i]);
    dgamma[i] += d * x;
    dbeta[i] += d;
    sum += d * gamma[i];
    weighted += d * gamma[i] * x;
  }
  const float mean = sum / static_cast<float>(n);
  const float weighted_mean = weighted / static_cast<float>(n);
  if (skip != nullptr) {
    for (std::int64_t i = 0; i < n; ++i) {
      set(dy[i], (get(dy[i]) * gamma[i] - mean - get(normalized[i]) * weighted_mean) * rstd +
                     get(skip[i]));
    }
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      set(dy[i], (get(dy[i]) * gamma[i] - mean - get(normalized[i]) * weighted_mean) * rstd);
    }
  }
}

template <class T>
float rms_norm_forward(const T* x, const float* __restrict gamma, T* normalized, T* __restrict y,
                       std::int64_t n, float epsilon) {
  const float squares = sum(n, [&](auto at) { return at.load(x) * at.load(x); });
  const float rstd = 1.0f / __builtin_sqrtf(squares / static_cast<float>(n) + epsilon);
  for_each_vector(n, [&](auto at) { at.store(normalized, at.load(x) * rstd); });
  scale_shift<T>(normalized, gamma, nullptr, y, n);
  return rstd;
}

template <class T>
void rms_norm_backward(T* __restrict dy, const T* __restrict normalized,
                       const float* __restrict gamma, const T* __restrict skip, float rstd,
                       float* __restrict dgamma, std::int64_t n) {
  float weighted = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const float product = get(dy[i]) * get(normalized[i]);
    dgamma[i] += product;
    weighted += product * gamma[i];
  }
  const float weighted_mean = weighted / static_cast<float>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    set(dy[i], (get(dy[i]) * gamma[i] - get(normalized[i]) * weighted_mean) * rstd);
  }
  if (skip != nullptr) {
    for (std::int64_t i = 0; i < n; ++i) set(dy[i], get(dy[i]) + get(skip[i]));
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
