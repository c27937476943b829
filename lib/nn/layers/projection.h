// The skip of a residual block whose layers change the row: a convolution of kernel 1 and a batch
// norm (He et al., arXiv:1512.03385, section 3.3, option B). It must not know the block's layers.
#pragma once

#include <string>

#include "nn/layer.h"
#include "nn/layer_options.h"
#include "nn/starting_values.h"

namespace pipetrain {

// From rows of one shape to another. `prefix` begins the layers' names. Error(kConfiguration) if
// there is none.
LayerList make_projection(const std::string& prefix, const Shape& from, const Shape& to,
                          const Starts& starts, const LayerOptions& options);

}  // namespace pipetrain
