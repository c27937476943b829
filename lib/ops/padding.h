// When a matrix product reads a copy of an operand whose rows lie a little further apart. It must
// know shapes only, never timings: a product always takes the same way.
//
// oneDNN on AVX2 multiplies in place, without packing, where 1/m + 1/n >= 0.0038. An operand that
// it walks down the columns of (A of A^T B, B of both A B and A^T B) then falls into few sets of
// the cache if its rows are a multiple of 512 bytes long. GFLOP/s on one core that peaks at 90,
// without and with the copy, its cost included:
//   A^T B (512, 128, 768) 63, 88   (128, 512, 768) 62, 87   (512, 512, 2048) 53, 80
//         (128, 128, 768) 77, 88   (512, 128, 128) 67, 89
//   A B   (256, 3072, 768) 37, 80
// Longer products and A B^T are packed or walked along their rows, and AVX-512 kernels reach full
// speed on all of them: there the copy only costs.
#pragma once

#include <cstdint>

#include "ops/ops.h"

namespace pipetrain {

constexpr std::int64_t kPaddingFloats = 16;  // one cache line

inline bool multiplied_in_place(const MatmulShape& shape) {
  return shape.dtype == DType::kFloat32 && shape.m >= 64 && shape.n >= 64 &&
         1.0 / static_cast<double>(shape.m) + 1.0 / static_cast<double>(shape.n) >= 0.0038;
}

// The distance between the rows of an operand (rows, columns) that is walked down its columns.
inline std::int64_t padded_pitch(std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kLargestCopy = std::int64_t{4} << 20;  // beyond it, memory sets the pace
  const bool padded = columns % 128 == 0 && rows * columns <= kLargestCopy;
  return padded ? columns + kPaddingFloats : columns;
}

}  // namespace pipetrain
