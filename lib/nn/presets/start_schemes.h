// The schemes of starting values that `model.init` may name: those of the presets, and PyTorch's.
// It must not know layers.
#pragma once

#include <string>
#include <vector>

#include "nn/model_config.h"
#include "nn/start_scheme.h"

namespace pipetrain {

std::vector<std::string> start_scheme_names();

// A preset without a scheme of its own, and a list of layers, start as GPT-2 does.
// Error(kConfiguration) for an init_std that the scheme would ignore.
const StartScheme& start_scheme_of(const ModelConfig& config);

}  // namespace pipetrain
