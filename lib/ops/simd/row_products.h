// Products of a few rows with a matrix of weights that comes from memory, such as those of one
// token: each weight is read once and multiplied with all rows. An entry of the result is one sum
// in each lane, in the order of the terms, whatever rows stand beside it: it does not depend on
// their number. Weights in bfloat16 are widened, so they give the bits of the same weights in
// float32. It must not know threads.
#pragma once

#include "ops/simd/kernels.h"

namespace pipetrain {

// y (m, n) = x (m, k) W^T [+ bias (n)], or += when `accumulate`, of weights W (n, k); bias may be
// null.
template <class W>
using RowProducts = void (*)(const Strided<const float>& x, const Strided<const W>& weights,
                             const float* bias, const Strided<float>& y, bool accumulate);

struct RowProductKernels {
  RowProducts<float> on_float32;
  RowProducts<BFloat16> on_bfloat16;

  template <class W>
  RowProducts<W> on() const;
};

template <>
inline RowProducts<float> RowProductKernels::on() const {
  return on_float32;
}
template <>
inline RowProducts<BFloat16> RowProductKernels::on() const {
  return on_bfloat16;
}

// Of the instruction set of this table.
const RowProductKernels& row_products_of(const SimdKernels& kernels);

}  // namespace pipetrain
