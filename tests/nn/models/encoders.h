// Small encoders of images and of texts, and the shapes of their tensors. It must not know what a
// test looks for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nn/layers/model.h"
#include "nn/models/encoder.h"

namespace pipetrain {

inline Encoder small_vit() {
  return {.depth = 2,
          .heads = 2,
          .width = 8,
          .mlp_width = 12,
          .classes = 3,
          .dropout = 0.1,
          .attention_dropout = 0.1,
          .patch = 2,
          .image = 6,
          .channels = 3};
}

inline Encoder small_bert() {
  return {.depth = 2,
          .heads = 2,
          .width = 8,
          .mlp_width = 12,
          .classes = 3,
          .dropout = 0.1,
          .attention_dropout = 0.25,
          .head_dropout = 0.5,
          .vocabulary = 17,
          .context = 6,
          .token_types = 2};
}

inline LayerList layers_of(const ModelConfig& config, const Encoder& model) {
  if (!model.of_images()) return build_layers(config, {.row = {5}, .vocabulary = 11, .classes = 3});
  return build_layers(
      config,
      {.row = {model.image, model.image, model.channels}, .dtype = DType::kFloat32, .classes = 3});
}

inline TensorShapes shapes_of(const LayerList& layers) {
  std::map<std::string, std::vector<std::int64_t>> made;
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      std::vector<std::int64_t>& shape = made[parameter.name];
      for (int axis = 0; axis < parameter.whole.rank(); ++axis) {
        shape.push_back(parameter.whole[axis]);
      }
    }
  }
  return [made](const std::string& name) {
    const auto found = made.find(name);
    return found == made.end() ? std::vector<std::int64_t>() : found->second;
  };
}

}  // namespace pipetrain
