// What a model is, as the user wrote it: a preset with its sizes, or a list of layers. Plain data;
// no tensors, no building.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/table.h"

namespace pipetrain {

// One entry of `model.layers`: `relu`, `{conv1d: {channels: 256, kernel: 3}}`, `{repeat: 2, layers:
// [...]}`. Options keep the text of the file: the layer that reads one knows its type.
struct LayerEntry {
  std::string kind;
  std::string where;  // "model.yaml:12", for error messages
  std::vector<std::pair<std::string, std::string>> options;
  std::vector<LayerEntry> layers;  // of `repeat` (whose count is the option `count`) and `residual`
};

// The first convolution of a residual network.
enum class ResnetStem : std::uint8_t { k3x3, k7x7 };

inline constexpr Choice<ResnetStem> kResnetStems[] = {
    {ResnetStem::k3x3, "3x3", "For images of 32x32."},
    {ResnetStem::k7x7, "7x7", "For images of 224x224: of stride 2, with a pool behind it."},
};

struct ModelConfig {
  std::string preset;  // a row of nn/presets/presets.cpp; empty with `layers`
  int depth = 0;       // transformer blocks; of resnet: 18, 34 or 50
  int heads = 0;
  int kv_heads = 0;                    // heads of keys and values; 0: as many as heads
  int width = 0;                       // C
  int mlp_width = 0;                   // of the MLP's hidden rows; 0: the preset's
  int context = 0;                     // tokens per sequence, T
  int vocabulary = 0;                  // 0: from the data
  int classes = 0;                     // of labels; 0: from the data
  ResnetStem stem = ResnetStem::k3x3;  // of resnet
  int patch = 0;                       // of vit: pixels along the side of a patch
  std::optional<bool> tie_embeddings;  // default: the preset's
  double dropout = 0;
  std::string init = "preset";  // starting values: the preset's or those of a scheme's name
  double init_std = 0;          // of their normal distributions; 0: as init says
  std::vector<LayerEntry> layers;
};

}  // namespace pipetrain
