// Between our configurations and the models that Hugging Face's families can express. It must not
// know files or tensors.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "exchange/hf_family.h"

namespace pipetrain {

// The model of a configuration whose embedding has `vocabulary` rows. Error(kConfiguration) names
// what no family has.
HfModel hf_model_of(const Config& config, std::int64_t vocabulary);

// The part `model` of a configuration, of which hf_model_of makes the same again.
ModelConfig model_config_of(const HfModel& model);

}  // namespace pipetrain
