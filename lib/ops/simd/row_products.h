// Products of a few rows with a matrix of weights that comes from memory, such as those of one
// token: each weight is read once and multiplied with all rows. An entry of the result is one sum
// in each lane, in the order of the terms, whatever rows stand beside it: it does not depend on
// their number. It must not know threads.
#pragma once

#include "ops/simd/kernels.h"

namespace pipetrain {

// y (m, n) = x (m, k) W^T [+ bias (n)], or += when `accumulate`, of weights W (n, k); bias may be
// null.
using RowProducts = void (*)(const Strided<const float>& x, const Strided<const float>& weights,
                             const float* bias, const Strided<float>& y, bool accumulate);

// Of the instruction set of this table.
RowProducts row_products_of(const SimdKernels& kernels);

}  // namespace pipetrain
