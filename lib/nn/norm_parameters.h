// The norm at the head of a pre-norm layer (Xiong et al., arXiv:2002.04745, figure 1b): gamma, beta
// and their gradients. It must not know what follows it.
#pragma once

#include "nn/layer.h"

namespace pipetrain {

struct NormParameters {
  std::size_t gamma = 0, beta = 0;  // indices of the layer's parameters, each (C)
};

// gradients (2, C), computed with the input gradient, are added to or overwrite those of gamma and
// beta.
void store_norm_gradients(const Context& context, const Tensor& gradients, float* dgamma,
                          float* dbeta);

}  // namespace pipetrain
