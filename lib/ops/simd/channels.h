// The kernels on rows of channels, as images keep them, of float or bfloat16 entries: batch norm
// and max pooling. All lanes do the same for their channels. They must not know more than plain
// memory.
#pragma once

#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

// The sums of some channels stay in registers while all rows pass.
template <class T>
void moments(const T* __restrict x, std::int64_t rows, std::int64_t width, float* __restrict sums,
             float* __restrict squares) {
  const float inverse = 1.0f / static_cast<float>(rows);
  for_each_vector(width, [&](auto at) {
    Vector sum{}, square{};
    for (std::int64_t r = 0; r < rows; ++r) sum += at.load(x + r * width);
    const Vector mean = sum * inverse;
    for (std::int64_t r = 0; r < rows; ++r) {
      const Vector centered = at.load(x + r * width) - mean;
      square += centered * centered;
    }
    at.store(sums, sum);
    at.store(squares, square);
  });
}

template <class T>
void batch_norm_forward(const T* __restrict x, std::int64_t rows, const BatchNormRow& row,
                        T* __restrict y) {
  const Vector floor = filled(row.relu ? 0.0f : -__builtin_huge_valf());
  for (std::int64_t r = 0; r < rows; ++r, x += row.width, y += row.width) {
    for_each_vector(row.width, [&](auto at) {
      const Vector value =
          (at.load(x) - at.load(row.mean)) * at.load(row.scale) + at.load(row.shift);
      at.store(y, value <= floor ? floor : value);  // NaN stays NaN
    });
  }
}

// dy behind the ReLU as it was before it: zero where y was.
PIPETRAIN_INLINE Vector before_relu(Vector dy, Vector centered, Vector scale, Vector shift) {
  return centered * scale + shift <= 0.0f ? Vector{} : dy;
}

template <class T>
void batch_norm_sums(const T* __restrict dy, const T* __restrict x, std::int64_t rows,
                     const BatchNormRow& row, float* __restrict dgamma, float* __restrict dbeta) {
  for_each_vector(row.width, [&](auto at) {
    const Vector mean = at.load(row.mean), scale = at.load(row.scale), shift = at.load(row.shift);
    Vector gamma_sum{}, beta_sum{};
    for (std::int64_t r = 0; r < rows; ++r) {
      const Vector centered = at.load(x + r * row.width) - mean;
      Vector gradient = at.load(dy + r * row.width);
      if (row.relu) gradient = before_relu(gradient, centered, scale, shift);
      gamma_sum += gradient * centered;
      beta_sum += gradient;
    }
    at.store(dgamma, gamma_sum);
    at.store(dbeta, beta_sum);
  });
}

template <class T>
void batch_norm_backward(T* __restrict dy, const T* __restrict x, std::int64_t rows,
                         const BatchNormRow& row, const float* __restrict slope,
                         const float* __restrict offset) {
  for (std::int64_t r = 0; r < rows; ++r, dy += row.width, x += row.width) {
    for_each_vector(row.width, [&](auto at) {
      const Vector centered = at.load(x) - at.load(row.mean), scale = at.load(row.scale);
      Vector gradient = at.load(dy);
      if (row.relu) gradient = before_relu(gradient, centered, scale, at.load(row.shift));
      at.store(dy, gradient * scale - centered * at.load(slope) - at.load(offset));
    });
  }
}

template <class T>
void keep_larger(T* __restrict largest, std::uint8_t* __restrict which, const T* __restrict x,
                 std::uint8_t number, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float value = get(x[i]);
    const bool replaces = value > get(largest[i]) || value != value;  // NaN wins, and is kept
    largest[i] = replaces ? x[i] : largest[i];
    which[i] = replaces ? number : which[i];
  }
}

template <class T>
void add_where(float* __restrict to, const T* __restrict from, const std::uint8_t* __restrict which,
               std::uint8_t number, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += which[i] == number ? get(from[i]) : 0.0f;
}

}  // namespace pipetrain::PIPETRAIN_ISA
