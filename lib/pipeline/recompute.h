// What layers make again in the backward pass instead of keeping it: their whole forward, or parts.
// Pure functions of the configuration and the layers' names; they must not know how it is done.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "nn/layer.h"
#include "pipeline/pipeline_config.h"

namespace pipetrain {

// A part of a layer, as lists name it.
struct NamedPart {
  std::string name;  // "layers.3.mlp.hidden"
  std::size_t layer = 0, part = 0;
  double flop = 0, flop_per_element = 0;
};

// In the order of layers.
std::vector<NamedPart> parts_of(const std::vector<std::unique_ptr<Layer>>& layers);

// Whether `attention` has a meaning for the model.
bool has_attention(const std::vector<std::unique_ptr<Layer>>& layers);

// Error(kConfiguration) if a listed layer does not exist (it names the nearest one), or if
// `attention` is asked of a model without any. `cheap` goes by the products that parts take, so it
// is the same on every machine.
RecomputedLayers recomputed_layers(const PipelineConfig& config,
                                   const std::vector<std::unique_ptr<Layer>>& layers);

// Why sequences cannot pass in slices with that: a slice would forget what later ones look at.
// Empty if they can.
std::string why_not_sliced(const RecomputedLayers& recomputed,
                           const std::vector<std::unique_ptr<Layer>>& layers);

}  // namespace pipetrain
