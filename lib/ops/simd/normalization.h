// One row of layer norm or RMS norm and its gradient, of float or bfloat16 entries; statistics and
// parameters are float32. They must not know more than plain memory.
#pragma once

#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

template <class T>
void scale_shift(const T* __restrict normalized, const float* __restrict gamma,
                 const float* __restrict beta, T* __restrict y, std::int64_t n) {
  if (beta == nullptr) {
    return for_each_vector(n, [&](auto at) { at.store(y, at.load(normalized) * at.load(gamma)); });
  }
  for_each_vector(
      n, [&](auto at) { at.store(y, at.load(normalized) * at.load(gamma) + at.load(beta)); });
}

template <class T>
float layer_norm_forward(const T* x, const float* __restrict gamma, const float* __restrict beta,
                         T* normalized, T* __restrict y, std::int64_t n, float epsilon) {
  const auto count = static_cast<float>(n);
  const float mean = sum(n, [&](Vector so_far, auto at) { return so_far + at.load(x); }) / count;
  const float squares = sum(n, [&](Vector so_far, auto at) {
    const Vector centered = at.load(x) - mean;
    return multiply_add(centered, centered, so_far);
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
  Vector sums{}, weighted_sums{};
  for_each_vector(n, [&](auto at) {
    const Vector d = at.load(dy), x = at.load(normalized), dx = d * at.load(gamma);
    at.store(dgamma, multiply_add(d, x, at.load(dgamma)));
    at.store(dbeta, at.load(dbeta) + d);
    sums += at.keep(dx, Vector{});
    weighted_sums = at.keep(multiply_add(dx, x, weighted_sums), weighted_sums);
  });
  const float mean = lane_sum(sums) / static_cast<float>(n);
  const float weighted_mean = lane_sum(weighted_sums) / static_cast<float>(n);
  const auto dx = [&](auto at) {
    return (at.load(dy) * at.load(gamma) - mean - at.load(normalized) * weighted_mean) * rstd;
  };
  if (skip != nullptr) {
    for_each_vector(n, [&](auto at) { at.store(dy, dx(at) + at.load(skip)); });
  } else {
    for_each_vector(n, [&](auto at) { at.store(dy, dx(at)); });
  }
}

template <class T>
float rms_norm_forward(const T* x, const float* __restrict gamma, T* normalized, T* __restrict y,
                       std::int64_t n, float epsilon) {
  const float squares = sum(n, [&](Vector so_far, auto at) {
    const Vector entries = at.load(x);
    return multiply_add(entries, entries, so_far);
  });
  const float rstd = 1.0f / __builtin_sqrtf(squares / static_cast<float>(n) + epsilon);
  for_each_vector(n, [&](auto at) { at.store(normalized, at.load(x) * rstd); });
  scale_shift<T>(normalized, gamma, nullptr, y, n);
  return rstd;
}

template <class T>
void rms_norm_backward(T* __restrict dy, const T* __restrict normalized,
                       const float* __restrict gamma, const T* __restrict skip, float rstd,
                       float* __restrict dgamma, std::int64_t n) {
  Vector weighted_sums{};
  for_each_vector(n, [&](auto at) {
    const Vector product = at.load(dy) * at.load(normalized);
    at.store(dgamma, at.load(dgamma) + product);
    weighted_sums = at.keep(multiply_add(product, at.load(gamma), weighted_sums), weighted_sums);
  });
  const float weighted_mean = lane_sum(weighted_sums) / static_cast<float>(n);
  for_each_vector(n, [&](auto at) {
    at.store(dy, (at.load(dy) * at.load(gamma) - at.load(normalized) * weighted_mean) * rstd);
  });
  if (skip != nullptr) {
    for_each_vector(n, [&](auto at) { at.store(dy, at.load(dy) + at.load(skip)); });
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
