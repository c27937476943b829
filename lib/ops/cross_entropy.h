// Softmax cross entropy fused with its gradient. It must not know layers.
#pragma once

#include "ops/ops.h"

namespace pipetrain {

// For logits (rows, classes) and targets (rows): the sum over rows of log(sum exp) - logit[target],
// in row order. `gradient_scale` != 0: logits become (softmax - one_hot(target)) * gradient_scale;
// else they are left undefined. `correct`, if given, counts the rows whose largest logit is the
// target's.
double cross_entropy(Ops& ops, std::int64_t rows, std::int64_t classes, float* logits,
                     const std::int32_t* targets, float gradient_scale,
                     std::int64_t* correct = nullptr);

}  // namespace pipetrain
