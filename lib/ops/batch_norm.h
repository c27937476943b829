// Batch norm (Ioffe and Szegedy, arXiv:1502.03167, algorithms 1 and 2) over rows of channels, with
// a ReLU behind it if so told. It must not know layers, or where running statistics are kept.
#pragma once

#include <cstdint>

#include "ops/ops.h"

namespace pipetrain {

constexpr float kBatchNormEpsilon = 1e-5f;

struct BatchNormShape {
  std::int64_t rows = 0, channels = 0;  // rows: all axes but the last
  bool relu = false;
};

// mean, variance (channels) of x (rows, channels); the variance is the biased one.
void batch_moments(Ops& ops, const BatchNormShape& shape, const float* x, float* mean,
                   float* variance);
// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, then ReLU
void batch_norm_forward(Ops& ops, const BatchNormShape& shape, const float* x, const float* mean,
                        const float* variance, const float* gamma, const float* beta, float* y);
// dy becomes dx, where mean and variance are those of x; dgamma, dbeta (channels) are written.
void batch_norm_backward(Ops& ops, const BatchNormShape& shape, float* dy, const float* x,
                         const float* mean, const float* variance, const float* gamma,
                         const float* beta, float* dgamma, float* dbeta);

}  // namespace pipetrain
