#include "nn/models/decoder_names.h"

#include <cstddef>

#include "nn/layers/attention.h"
#include "nn/layers/linear.h"
#include "nn/layers/transformer_block.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

// Block i is two layers, behind the embedding; in parallel it is one.
std::size_t first_layer_of(const Decoder& model, int block) {
  return 1 + (model.parallel ? 1 : 2) * static_cast<std::size_t>(block);
}

}  // namespace

DecoderBlockNames names_of_block(const Decoder& model, int block) {
  const std::size_t first = first_layer_of(model, block);
  const std::string whole = layer_name(first, kTransformerBlock) + ".";
  const auto half = [&](std::size_t index, const char* kind) {
    return (model.parallel ? whole + kind : layer_name(first + index, kind)) + ".";
  };
  const std::string attention = half(0, AttentionNames::kLayer), mlp = half(1, MlpNames::kLayer);
  return {.attention_norm = attention + AttentionNames::kNorm,
          .qkv = attention + AttentionNames::kQkv,
          .projection = attention + AttentionNames::kProjection,
          .query_norm = attention + AttentionNames::kQueryNorm,
          .key_norm = attention + AttentionNames::kKeyNorm,
          .norm_behind_attention = attention + BranchNames::kNormBehind,
          .mlp_norm = mlp + MlpNames::kNorm,
          .up = mlp + (is_gated(model.activation) ? MlpNames::kGateUp : MlpNames::kUp),
          .down = mlp + MlpNames::kDown,
          .norm_behind_mlp = mlp + BranchNames::kNormBehind};
}

std::string last_norm_name(const Decoder& model) {
  return layer_name(first_layer_of(model, model.depth), name_of(kNorms, model.norm));
}

std::string head_name(const Decoder& model) {
  return layer_name(first_layer_of(model, model.depth) + 1, LinearNames::kLayer);
}

}  // namespace pipetrain
