// The names of a decoder's tensors, which its layers give them. It must not know their shapes.
#pragma once

#include <string>

#include "nn/layers/decoder.h"

namespace pipetrain {

// Of norms and products: each has a weight and may have a bias.
struct DecoderBlockNames {
  std::string attention_norm, qkv, projection;
  std::string mlp_norm, up, down;  // up: the gate's rows before it, if the MLP has one
};

DecoderBlockNames names_of_block(const Decoder& model, int block);
std::string last_norm_name(const Decoder& model);
std::string head_name(const Decoder& model);

}  // namespace pipetrain
