// A classifier of texts.
#include <string>
#include <vector>

#include "nn/presets/preset_parts.h"

namespace pipetrain {

// Embedding and two convolutions; blocks that see all tokens; the mean over tokens and a head.
std::vector<LayerEntry> classifier_layers(const ModelConfig& config) {
  const std::string width = text(size_of("width", config.width));
  const LayerEntry convolution = entry("conv1d", {{"channels", width}, {"kernel", "3"}});
  return {token_embedding(config, "none"),
          convolution,
          entry("relu"),
          convolution,
          entry("layer_norm"),
          blocks(config, {{"heads", text(size_of("heads", config.heads))}, {"causal", "false"}}),
          entry("layer_norm"),
          entry("mean_pool"),
          label_head(config)};
}

}  // namespace pipetrain
