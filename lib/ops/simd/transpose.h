// Transposes a matrix of float or bfloat16 entries into one of floats. It must not know what it
// holds.
#pragma once

#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

// Which lanes of two rows, the second's from kLanes on, their first halves give, and which their
// second ones.
constexpr int of_first(int lane, int half) {
  return lane + ((lane & half) != 0 ? kLanes - half : 0);
}
constexpr int of_second(int lane, int half) { return lane + ((lane & half) != 0 ? kLanes : half); }

// kLanes x kLanes entries: swaps the off-diagonal quarters, then those of each quarter, and so on.
template <int half = kLanes / 2>
PIPETRAIN_INLINE void swap_quarters(Vector (&v)[kLanes]) {
  if constexpr (half > 0) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; ++i) {
      if ((i & half) != 0) continue;
      const Vector a = v[i], b = v[i + half];
      v[i] = shuffled<of_first, half>(a, b);
      v[i + half] = shuffled<of_second, half>(a, b);
    }
    swap_quarters<half / 2>(v);
  }
}

template <class T>
PIPETRAIN_INLINE void transpose_square(const T* from, std::int64_t from_stride, float* to,
                                       std::int64_t to_stride) {
  Vector v[kLanes];
  for (int i = 0; i < kLanes; ++i) v[i] = load(from + i * from_stride);
  swap_quarters(v);
  for (int i = 0; i < kLanes; ++i) store(to + i * to_stride, v[i]);
}

template <class T>
void transpose(const Strided<const T>& matrix, const Strided<float>& transposed) {
  const std::int64_t rows = matrix.rows, columns = matrix.columns;
  const std::int64_t from_stride = matrix.row_stride, to_stride = transposed.row_stride;
  const T* __restrict from = matrix.data;
  float* __restrict to = transposed.data;
  std::int64_t i = 0;
  for (; i + kLanes <= rows; i += kLanes) {
    std::int64_t j = 0;
    for (; j + kLanes <= columns; j += kLanes) {
      transpose_square(from + i * from_stride + j, from_stride, to + j * to_stride + i, to_stride);
    }
    for (; j < columns; ++j) {
      for (int l = 0; l < kLanes; ++l)
        to[j * to_stride + i + l] = get(from[(i + l) * from_stride + j]);
    }
  }
  for (; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j)
      to[j * to_stride + i] = get(from[i * from_stride + j]);
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
