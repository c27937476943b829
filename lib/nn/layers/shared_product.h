// The gradient of the input of a product whose output columns ranks may share. It must not know
// which layer has the product.
#pragma once

#include "nn/layer.h"

namespace pipetrain {

// dx (shape: ..., in) = dy (..., out) W. Ranks that share the layer have each some columns of dy
// and rows of W: they sum their parts in float32, and round the sum.
Tensor shared_input_gradient(const Context& context, const TensorPlace& place, const Shape& shape,
                             const Tensor& dy, const float* weight);

}  // namespace pipetrain
