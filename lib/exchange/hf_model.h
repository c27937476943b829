// A model of ours as one of Hugging Face's families. It must not know files or values of tensors.
#pragma once

#include "config/config.h"
#include "exchange/hf_family.h"

namespace pipetrain {

// The model of a configuration whose tensors have these shapes. Error(kConfiguration) names what no
// family has.
HfModel hf_model_of(const Config& config, const TensorShapes& shapes);

}  // namespace pipetrain
