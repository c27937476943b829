// Batch norm (Ioffe and Szegedy, arXiv:1502.03167, algorithms 1 and 2) over rows of channels,
// with a ReLU behind it if so told. Statistics, parameters and sums are float32 whatever x and y
// are. It must not know layers, or where running statistics are kept.
#pragma once

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

constexpr float kBatchNormEpsilon = 1e-5f;

// What is the same for all rows, each (channels): the statistics of x or running ones, the variance
// being the biased one, and the parameters.
struct ChannelNorm {
  const float *mean, *variance;
  const float *gamma, *beta;
  bool relu = false;
};

// mean, variance (channels) of x (rows, channels), where rows are all axes but the last.
void batch_moments(Ops& ops, ConstMatrix x, float* mean, float* variance);
// y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, then ReLU
void batch_norm_forward(Ops& ops, const ChannelNorm& norm, ConstMatrix x, Matrix y);
// dy becomes dx, where mean and variance are those of x; dgamma, dbeta (channels) are written.
void batch_norm_backward(Ops& ops, const ChannelNorm& norm, Matrix dy, ConstMatrix x, float* dgamma,
                         float* dbeta);

}  // namespace pipetrain
