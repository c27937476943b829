// The gradient of a weight from a microbatch of few rows. It must not know layers.
#pragma once

#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// Whether rows so few are better multiplied by weight_gradient than by Ops::matmul: a matter of
// shape and instruction set.
bool few_rows(const Ops& ops, std::int64_t rows, DType dtype);

// dweight (columns of dy, columns of x) = dy^T x, or +=. Sums are made in float32, and added to
// dweight once for each 256 rows, or 512 of bfloat16.
void weight_gradient(Ops& ops, ConstMatrix dy, ConstMatrix x, float* dweight, bool accumulate);

}  // namespace pipetrain
