// What configurations and tensors of ViT and BERT have in common. It must not know either.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "exchange/hf_fields.h"
#include "exchange/hf_tensor_list.h"
#include "nn/models/encoder.h"

namespace pipetrain {

// Sizes of the blocks, rates and epsilon; `dropout`: of both rates unless told.
Encoder parse_hf_encoder(const HfFields& fields, double dropout);
nlohmann::ordered_json hf_encoder_config(const Encoder& model);

// How the tensors of a block are called there, behind "encoder.layer.0.".
struct HfEncoderBlock {
  std::string queries;  // "attention.self.", before query, key and value
  // Before or behind attention, and before or behind the MLP.
  std::string attention_norm, mlp_norm;
  bool norms_before;
};
void add_hf_encoder_blocks(const Encoder& model, const std::string& root, const HfEncoderBlock& how,
                           HfTensorList& list);

}  // namespace pipetrain
