// A linear map y = x W^T + b and its two gradients. It must not know layers.
// x (rows, in), W (out, in), b (out), y (rows, out). Weights and their gradients are float32, but
// for a forward alone of float32 x: its weights may be bfloat16, and are multiplied in float32.
// bfloat16 x and dy are multiplied with rounded copies of the weights.
#pragma once

#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// y = x W^T + b, or y += (a residual waits in y). b may be null.
void linear_forward(Ops& ops, ConstMatrix x, ConstMatrix weight, const float* bias, Matrix y,
                    bool accumulate = false);
void linear_forward(Ops& ops, ConstMatrix x, const float* weight, const float* bias, Matrix y,
                    bool accumulate = false);
// Float32 rows so few are multiplied by our own kernel, which reads the weights once, as fast as
// memory gives them; oneDNN reads them at a quarter of that. A row of y does not depend on those
// beside it.
constexpr std::int64_t kFewRows = 16;
// dx = dy W
void linear_backward_input(Ops& ops, ConstMatrix dy, const float* weight, Matrix dx);
// dW = dy^T x, or += ; db likewise the sum of dy's rows. db may be null.
void linear_backward_weight(Ops& ops, ConstMatrix dy, ConstMatrix x, float* dweight, float* dbias,
                            bool accumulate);

// sums (columns) = sum of the rows of x, or +=. They are added in blocks of fixed size, then the
// blocks in order: the same bits at every number of threads.
void column_sums(Ops& ops, ConstMatrix x, float* sums, bool accumulate);

// Whether rows so few are better multiplied by weight_gradient than by Ops::matmul: a matter of
// shape and instruction set.
bool few_rows(const Ops& ops, std::int64_t rows, DType dtype);

// dweight (columns of dy, columns of x) = dy^T x, or +=. Sums are made in float32, and added to
// dweight once for each 256 rows, or 512 of bfloat16.
void weight_gradient(Ops& ops, ConstMatrix dy, ConstMatrix x, float* dweight, bool accumulate);

}  // namespace pipetrain
