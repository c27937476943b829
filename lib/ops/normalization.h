// Layer norm (Ba et al., arXiv:1607.06450) and RMS norm (Zhang and Sennrich, arXiv:1910.07467) over
// the last axis, and their gradients; statistics and parameters are float32. They must not know
// layers.
#pragma once

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

constexpr float kNormEpsilon = 1e-5f;

// What a norm over rows of `width` entries knows before it sees them.
struct NormScale {
  const float* gamma;           // (width)
  const float* beta = nullptr;  // (width), or null
  float epsilon = kNormEpsilon;
};

// normalized (rows, width) = (x - mean) * rstd, rstd (rows); y = normalized * gamma [+ beta].
// `normalized` may be x.
void layer_norm_forward(Ops& ops, const NormScale& scale, ConstMatrix x, Matrix normalized,
                        float* rstd, Matrix y);
// y again, for the weight gradient of what follows a norm of either kind.
void norm_replay(Ops& ops, const NormScale& scale, ConstMatrix normalized, Matrix y);
// dy (rows, width) becomes dx [+ skip, the gradient of the residual path, which may be null];
// dgamma, dbeta (width) are written.
void layer_norm_backward(Ops& ops, const float* gamma, Matrix dy, ConstMatrix normalized,
                         const float* rstd, ConstMatrix skip, float* dgamma, float* dbeta);

// The same without mean and beta: normalized = x * rstd, y = normalized * gamma.
void rms_norm_forward(Ops& ops, const NormScale& scale, ConstMatrix x, Matrix normalized,
                      float* rstd, Matrix y);
void rms_norm_backward(Ops& ops, const float* gamma, Matrix dy, ConstMatrix normalized,
                       const float* rstd, ConstMatrix skip, float* dgamma);

}  // namespace pipetrain
