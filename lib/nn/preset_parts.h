// What the presets are written with: entries of a layer list, and sizes that must be given.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nn/model_config.h"

namespace pipetrain {

inline LayerEntry entry(std::string kind,
                        std::vector<std::pair<std::string, std::string>> options = {},
                        std::vector<LayerEntry> layers = {}) {
  return {std::move(kind), "model", std::move(options), std::move(layers)};
}

// The entry with the model's rate of dropout, if it has one.
LayerEntry with_dropout(LayerEntry made, const ModelConfig& config);

// The configured size, or else the preset's; at least 1.
inline int size_of(const char* key, int configured, int preset = 0) {
  const int size = configured > 0 ? configured : preset;
  if (size > 0) return size;
  throw Error(ExitCode::kConfiguration,
              std::string("model.") + key + " is missing; the preset needs a number of at least 1");
}

// Models with one label per row, as lists of layers.
std::vector<LayerEntry> classifier_layers(const ModelConfig& config);
std::vector<LayerEntry> resnet_layers(const ModelConfig& config);
std::vector<LayerEntry> vit_layers(const ModelConfig& config);

}  // namespace pipetrain
