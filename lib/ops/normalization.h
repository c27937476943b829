// Layer norm (Ba et al., arXiv:1607.06450) and RMS norm (Zhang and Sennrich, arXiv:1910.07467) over
// the last axis, and their gradients; statistics and parameters are float32. They must not know
// layers.
#pragma once

#include <cstdint>

#include "ops/activation_ptr.h"
#include "ops/ops.h"

namespace pipetrain {

constexpr float kNormEpsilon = 1e-5f;

// normalized (rows, width) = (x - mean) * rstd, rstd (rows); y = normalized * gamma [+
// beta, which may be null]. `normalized` may be x.
void layer_norm_forward(Ops& ops, std::int64_t rows, std::int64_t width, ConstActivationPtr x,
                        const float* gamma, const float* beta, ActivationPtr normalized,
                        float* rstd, ActivationPtr y, float epsilon = kNormEpsilon);
// y again, for the weight gradient of what follows a norm of either kind.
void norm_replay(Ops& ops, std::int64_t rows, std::int64_t width, ConstActivationPtr normalized,
                 const float* gamma, const float* beta, ActivationPtr y);
// dy (rows, width) becomes dx [+ skip, the gradient of the residual path]; dgamma, dbeta (width)
// are written.
void layer_norm_backward(Ops& ops, std::int64_t rows, std::int64_t width, ActivationPtr dy,
                         ConstActivationPtr normalized, const float* gamma, const float* rstd,
                         ConstActivationPtr skip, float* dgamma, float* dbeta);

// The same without mean and beta: normalized = x * rstd, y = normalized * gamma.
void rms_norm_forward(Ops& ops, std::int64_t rows, std::int64_t width, ConstActivationPtr x,
                      const float* gamma, ActivationPtr normalized, float* rstd, ActivationPtr y,
                      float epsilon = kNormEpsilon);
void rms_norm_backward(Ops& ops, std::int64_t rows, std::int64_t width, ActivationPtr dy,
                       ConstActivationPtr normalized, const float* gamma, const float* rstd,
                       ConstActivationPtr skip, float* dgamma);

}  // namespace pipetrain
