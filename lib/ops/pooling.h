// Pooling over images whose channels lie last, and its gradients. Sums are made in float32 and
// rounded once where the entries are bfloat16. It must not know layers.
#pragma once

#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"
#include "ops/window.h"

namespace pipetrain {

struct PoolShape {
  Plane image;  // of the input
  Window window;
};

constexpr std::int64_t kMaxPoolPixels = 255;  // of a max pool's kernel: a byte names the winner

// x (N, H, W, C) -> y (N, OH, OW, C), the largest entry of each window, and `which` pixel of the
// window it is: the first of equals. Padding never wins.
void max_pool_forward(Ops& ops, const PoolShape& shape, ConstMatrix x, Matrix y,
                      std::uint8_t* which);
// dy -> dx
void max_pool_backward(Ops& ops, const PoolShape& shape, ConstMatrix dy, const std::uint8_t* which,
                       Matrix dx);

// The mean of each window; padding counts as zeros.
void average_pool_forward(Ops& ops, const PoolShape& shape, ConstMatrix x, Matrix y);
void average_pool_backward(Ops& ops, const PoolShape& shape, ConstMatrix dy, Matrix dx);

// y (N, C) = the mean of x (N, rows, C) over the rows.
void mean_rows_forward(Ops& ops, ConstMatrix x, Matrix y);
void mean_rows_backward(Ops& ops, ConstMatrix dy, Matrix dx);

}  // namespace pipetrain
