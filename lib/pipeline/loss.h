// The loss at the end of the last stage: cross entropy over all classes, or over those that ranks
// of a tensor-parallel group share. It must not know stages or layers' kinds.
#pragma once

#include <cstdint>

#include "nn/layer.h"

namespace pipetrain {

// As cross_entropy() in ops/cross_entropy.h, the same on every rank of the group. `logits` are the
// output of `last`, which may be a part of the classes; their gradient is of the layer's kind.
double loss_of(const Context& context, const Layer& last, Tensor& logits, const Tensor& targets,
               float gradient_scale, std::int64_t* correct = nullptr);

}  // namespace pipetrain
