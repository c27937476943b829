// A model of ours as one of Hugging Face's families. It must not know files or tensors.
#pragma once

#include <cstdint>

#include "config/config.h"
#include "exchange/hf_family.h"

namespace pipetrain {

// The model of a configuration whose embedding has `vocabulary` rows. Error(kConfiguration) names
// what no family has.
Decoder hf_model_of(const Config& config, std::int64_t vocabulary);

}  // namespace pipetrain
