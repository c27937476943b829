// The names of a decoder's tensors, which its layers give them. It must not know their shapes.
#pragma once

#include <string>

#include "nn/models/decoder.h"

namespace pipetrain {

// Of norms and products, of which a model need not have all: each has a weight and may have a bias.
struct DecoderBlockNames {
  std::string attention_norm, qkv, projection;
  std::string query_norm, key_norm, norm_behind_attention;
  std::string mlp_norm, up, down;  // up: the gate's rows before it, if the MLP has one
  std::string norm_behind_mlp;
};

DecoderBlockNames names_of_block(const Decoder& model, int block);
std::string last_norm_name(const Decoder& model);
std::string head_name(const Decoder& model);

}  // namespace pipetrain
