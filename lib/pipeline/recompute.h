// Which layers run their forward again in the backward pass instead of keeping their activations.
// Pure functions of the configuration and the layers' names; they must not know how it is done.
#pragma once

#include <memory>
#include <vector>

#include "nn/layer.h"
#include "pipeline/pipeline_config.h"

namespace pipetrain {

// Whether `attention` has a meaning for the model.
bool has_attention(const std::vector<std::unique_ptr<Layer>>& layers);

// One per layer. Error(kConfiguration) if a listed layer does not exist (it names the nearest one),
// or if `attention` is asked of a model without any.
std::vector<bool> recomputed_layers(const PipelineConfig& config,
                                    const std::vector<std::unique_ptr<Layer>>& layers);

}  // namespace pipetrain
