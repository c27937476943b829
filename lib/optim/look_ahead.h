// Updates that look a step ahead along the momentum (Nesterov), which makes up for gradients that
// come late (arXiv:2505.01099). Plain loops over n consecutive entries; they must not know where
// the entries lie.
#pragma once

#include <cstdint>

#include "ops/ops.h"

namespace pipetrain {

// AdamW whose mean of gradients is the one that the next step begins with (Dozat, ICLR workshop
// 2016, algorithm 2): `ahead` times the first moment and `fresh` times the gradient, the learning
// rate and bias corrections folded in. step.learning_rate is not used.
struct NadamRates {
  float ahead = 0, fresh = 0;
};
void nadamw(float* value, const float* gradient, float* first, float* second, std::int64_t n,
            const AdamWStep& step, NadamRates rates);

// momentum = beta * momentum + gradient; value -= rate * (gradient + beta * momentum) (Sutskever et
// al., ICML 2013, section 3; PyTorch's form).
void nesterov_sgd(float* value, const float* gradient, float* momentum, std::int64_t n,
                  const SgdStep& step);

}  // namespace pipetrain
