// A linear map y = x W^T + b and its two gradients, over flattened rows. It must not know layers.
// x (rows, in), W (out, in), b (out), y (rows, out). Weights and their gradients are float32;
// bfloat16 x and dy are multiplied with rounded copies of the weights.
#pragma once

#include <cstdint>

#include "ops/activation_ptr.h"
#include "ops/ops.h"

namespace pipetrain {

// y = x W^T + b, or y += (a residual waits in y). b may be null.
void linear_forward(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out,
                    ConstActivationPtr x, const float* weight, const float* bias, ActivationPtr y,
                    bool accumulate = false);
// dx = dy W
void linear_backward_input(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out,
                           ConstActivationPtr dy, const float* weight, ActivationPtr dx);
// dW = dy^T x, or += ; db likewise the sum of dy's rows. db may be null.
void linear_backward_weight(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out,
                            ConstActivationPtr dy, ConstActivationPtr x, float* dweight,
                            float* dbias, bool accumulate);

// sums (columns) = sum of x's rows (rows, columns), or +=. Rows are added in blocks of fixed size,
// then the blocks in order: the same bits at every number of threads.
void column_sums(Ops& ops, std::int64_t rows, std::int64_t columns, ConstActivationPtr x,
                 float* sums, bool accumulate);

}  // namespace pipetrain
