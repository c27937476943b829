// Layers that follow from the row before them and their options alone, by name: convolutions, batch
// norm, activations, pooling and the like. It must not know what else the model consists of.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nn/layer.h"
#include "nn/layer_options.h"
#include "nn/starting_values.h"

namespace pipetrain {

struct LayerPlace {
  std::string name;    // of the layer to be made
  Shape row;           // that it takes
  bool first = false;  // in the model: nothing before it learns
  const Starts& starts;
};

// Reads all options but leaves finish() to the caller. Error(kConfiguration) names file and line of
// what does not fit.
using RowLayerMaker = std::unique_ptr<Layer> (*)(const LayerPlace& place, LayerOptions& options);
const std::map<std::string, RowLayerMaker>& row_layer_makers();

// The skip of a residual block whose layers change the row: a convolution of kernel 1 and a batch
// norm (He et al., arXiv:1512.03385, section 3.3, option B). The place's name is a prefix of
// theirs.
std::vector<std::unique_ptr<Layer>> make_projection(const LayerPlace& place, const Shape& to,
                                                    const LayerOptions& options);

}  // namespace pipetrain
