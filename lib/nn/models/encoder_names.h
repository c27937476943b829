// The names of an encoder's tensors, which its layers give them. It must not know their shapes.
#pragma once

#include <string>

#include "nn/models/encoder.h"

namespace pipetrain {

// Norms and products have a weight and a bias, the others a weight alone.
struct EncoderEndNames {
  std::string patches, class_token, positions;  // of images; patches is a product
  std::string types, first_norm, pooler;        // of texts; the embedding's names are its own
  std::string last_norm;                        // of images
  std::string head;
};
struct EncoderBlockNames {
  std::string attention_norm, qkv, projection, mlp_norm, up, down;
};

EncoderEndNames end_names_of(const Encoder& model);
EncoderBlockNames names_of_block(const Encoder& model, int block);

}  // namespace pipetrain
