// Pooling over images whose channels lie last, and its gradients. It must not know layers.
#pragma once

#include <cstdint>

#include "ops/activation_ptr.h"
#include "ops/ops.h"
#include "ops/window.h"

namespace pipetrain {

struct PoolShape {
  std::int64_t batch = 0;
  Plane image;  // of the input
  Window window;
  std::int64_t channels = 0;
};

constexpr std::int64_t kMaxPoolPixels = 255;  // of a max pool's kernel: a byte names the winner

// x (N, H, W, C) -> y (N, OH, OW, C), the largest entry of each window, and `which` pixel of the
// window it is: the first of equals. Padding never wins.
void max_pool_forward(Ops& ops, const PoolShape& shape, const float* x, float* y,
                      std::uint8_t* which);
// dy -> dx
void max_pool_backward(Ops& ops, const PoolShape& shape, const float* dy, const std::uint8_t* which,
                       float* dx);

// The mean of each window; padding counts as zeros.
void average_pool_forward(Ops& ops, const PoolShape& shape, const float* x, float* y);
void average_pool_backward(Ops& ops, const PoolShape& shape, const float* dy, float* dx);

// y (N, C) = the mean of x (N, rows, C) over the rows.
void mean_rows_forward(Ops& ops, std::int64_t batch, std::int64_t rows, std::int64_t channels,
                       ConstActivationPtr x, ActivationPtr y);
void mean_rows_backward(Ops& ops, std::int64_t batch, std::int64_t rows, std::int64_t channels,
                        ConstActivationPtr dy, ActivationPtr dx);

}  // namespace pipetrain
