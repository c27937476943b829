// What stands between the products of an MLP without a gate, in Hugging Face's words. It must not
// know any family.
#pragma once

#include <string>

#include "exchange/hf_fields.h"
#include "nn/layers/mlp.h"

namespace pipetrain {

MlpActivation parse_hf_activation(const HfFields& fields, const char* key, MlpActivation otherwise);
std::string hf_activation(MlpActivation activation);

}  // namespace pipetrain
