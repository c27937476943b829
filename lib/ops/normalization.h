// Layer norm over the last axis (Ba et al., arXiv:1607.06450) and its gradients. It must not know
// layers.
#pragma once

#include "ops/ops.h"

namespace pipetrain {

constexpr float kLayerNormEpsilon = 1e-5f;

// normalized (rows, width) = (x - mean) * rstd, rstd (rows); y = normalized * gamma + beta.
// `normalized` may be x.
void layer_norm_forward(Ops& ops, std::int64_t rows, std::int64_t width, const float* x,
                        const float* gamma, const float* beta, float* normalized, float* rstd,
                        float* y);
// y again, for the weight gradient of what follows the norm.
void layer_norm_replay(Ops& ops, std::int64_t rows, std::int64_t width, const float* normalized,
                       const float* gamma, const float* beta, float* y);
// dy (rows, width) becomes dx [+ skip, the gradient of the residual path]; dgamma, dbeta (width)
// are written.
void layer_norm_backward(Ops& ops, std::int64_t rows, std::int64_t width, float* dy,
                         const float* normalized, const float* gamma, const float* rstd,
                         const float* skip, float* dgamma, float* dbeta);

}  // namespace pipetrain
