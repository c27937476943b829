#include "nn/layers/decoder_names.h"

#include <cstddef>

#include "nn/layers/linear.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

// Block i is two layers, behind the embedding.
std::size_t first_layer_of(int block) { return 1 + 2 * static_cast<std::size_t>(block); }

}  // namespace

DecoderBlockNames names_of_block(const Decoder& model, int block) {
  const std::size_t first = first_layer_of(block);
  const std::string attention = layer_name(first, AttentionNames::kLayer) + ".";
  const std::string mlp = layer_name(first + 1, MlpNames::kLayer) + ".";
  return {.attention_norm = attention + AttentionNames::kNorm,
          .qkv = attention + AttentionNames::kQkv,
          .projection = attention + AttentionNames::kProjection,
          .mlp_norm = mlp + MlpNames::kNorm,
          .up = mlp + (model.family.gated_mlp ? MlpNames::kGateUp : MlpNames::kUp),
          .down = mlp + MlpNames::kDown};
}

std::string last_norm_name(const Decoder& model) {
  return layer_name(first_layer_of(model.depth), name_of(kNorms, model.family.norm));
}

std::string head_name(const Decoder& model) {
  return layer_name(first_layer_of(model.depth) + 1, LinearNames::kLayer);
}

}  // namespace pipetrain
