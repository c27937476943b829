// When a matrix product reads a copy of an operand: one whose rows lie a little further apart, or
// one in the order in which oneDNN's kernels read it. It must know shapes only, never timings: a
// product always takes the same way.
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

// A^T B of more rows is the sum of products of so many, so that copies of both stay small. For
// (512, 512, 2048) they would take 8.7 MB.
constexpr std::int64_t kMostPaddedRows = 512;

inline bool padded_in_pieces(const MatmulShape& shape) {
  return shape.transpose_a && !shape.transpose_b && shape.k > kMostPaddedRows &&
         multiplied_in_place(shape) && padded_pitch(shape.k, shape.m) != shape.m;
}

// On AVX-512, oneDNN's kernels read B in blocks. Given it in its own order, every thread makes such
// a copy of all of it for itself. GFLOP/s of two threads on two cores of a Zen 5, given B in its
// own order and in blocks, without the time to make the copy; and that time as a share of the
// product's:
//                            float32            bfloat16
//   A B^T (2048, 2048, 512)  444, 500   2.6%    849, 998   -
//   A B   (2048, 512, 2048)  447, 497   1.5%    902, 979   -
//   A^T B (2048, 512, 2048)  414, 458   1.3%    794, 937   3.5%
//   A^T B (512, 512, 2048)   437, 485   4.8%    841, 971  12.3%
// The copy costs n k steps, the product m n k. Copies of weights in bfloat16 are kept until the
// weights change.
inline bool reads_packed(const MatmulShape& shape) { return shape.m >= 512; }

}  // namespace pipetrain
