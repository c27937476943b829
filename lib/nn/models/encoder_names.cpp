#include "nn/models/encoder_names.h"

#include <cstddef>

#include "nn/layers/attention.h"
#include "nn/layers/linear.h"
#include "nn/tensor_names.h"

namespace pipetrain {
namespace {

constexpr const char* kNormLayer = "layer_norm";

// Layers before the blocks, and of each block: see model_config_of.
struct Places {
  explicit Places(const Encoder& model)
      : before(model.of_images() ? 3 : 4),
        of_block(model.of_images() ? 2 : 4),
        behind(before + of_block * static_cast<std::size_t>(model.depth)) {}

  std::size_t before, of_block, behind;
};

}  // namespace

EncoderEndNames end_names_of(const Encoder& model) {
  const Places places(model);
  if (model.of_images()) {
    return {.patches = layer_name(0, "patches"),
            .class_token = layer_name(1, "class_token"),
            .positions = layer_name(2, "positions"),
            .types = {},
            .first_norm = {},
            .pooler = {},
            .last_norm = layer_name(places.behind, kNormLayer),
            .head = layer_name(places.behind + 2, LinearNames::kLayer)};
  }
  return {.patches = {},
          .class_token = {},
          .positions = {},
          .types = layer_name(1, "token_types"),
          .first_norm = layer_name(2, kNormLayer),
          .pooler = layer_name(places.behind + 1, LinearNames::kLayer),
          .last_norm = {},
          .head = layer_name(places.behind + 4, LinearNames::kLayer)};
}

EncoderBlockNames names_of_block(const Encoder& model, int block) {
  const Places places(model);
  const std::size_t first = places.before + places.of_block * static_cast<std::size_t>(block);
  const std::size_t mlp_at = first + (model.of_images() ? 1 : 2);
  const std::string attention = layer_name(first, AttentionNames::kLayer) + ".";
  const std::string mlp = layer_name(mlp_at, MlpNames::kLayer) + ".";
  const auto norm = [&](std::size_t at, const std::string& within) {
    return model.of_images() ? within : layer_name(at + 1, kNormLayer);
  };
  return {.attention_norm = norm(first, attention + AttentionNames::kNorm),
          .qkv = attention + AttentionNames::kQkv,
          .projection = attention + AttentionNames::kProjection,
          .mlp_norm = norm(mlp_at, mlp + MlpNames::kNorm),
          .up = mlp + MlpNames::kUp,
          .down = mlp + MlpNames::kDown};
}

}  // namespace pipetrain
