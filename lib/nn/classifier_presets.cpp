#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nn/preset_parts.h"

namespace pipetrain {
namespace {

std::string text(std::int64_t number) { return std::to_string(number); }

LayerEntry blocks(const ModelConfig& config) {
  return entry(
      "repeat", {{"count", text(size_of("depth", config.depth))}},
      {with_dropout(entry("transformer_block",
                          {{"heads", text(size_of("heads", config.heads))}, {"causal", "false"}}),
                    config)});
}

LayerEntry head(const ModelConfig& config) {
  return entry("linear", {{"features", config.classes == "auto" ? "classes" : config.classes}});
}

// A convolution without bias, since the batch norm behind it has one.
void append_convolution(std::vector<LayerEntry>& layers, std::int64_t channels, int kernel,
                        int stride, bool relu) {
  layers.push_back(entry("conv2d", {{"channels", text(channels)},
                                    {"kernel", text(kernel)},
                                    {"stride", text(stride)},
                                    {"bias", "false"}}));
  layers.push_back(entry("batch_norm", {{"relu", relu ? "true" : "false"}}));
}

// Two 3x3 convolutions, or three that narrow to `channels` and widen to four times as many
// (He et al., arXiv:1512.03385, figure 5).
LayerEntry residual_block(std::int64_t channels, int stride, bool bottleneck, bool projected) {
  std::vector<LayerEntry> layers;
  if (bottleneck) {
    append_convolution(layers, channels, 1, 1, true);
    append_convolution(layers, channels, 3, stride, true);
    append_convolution(layers, 4 * channels, 1, 1, false);
  } else {
    append_convolution(layers, channels, 3, stride, true);
    append_convolution(layers, channels, 3, 1, false);
  }
  return entry("residual", {{"skip", projected ? "projected" : "identity"}, {"relu", "true"}},
               std::move(layers));
}

}  // namespace

// Embedding and two convolutions; blocks that see all tokens; the mean over tokens and a head.
std::vector<LayerEntry> classifier_layers(const ModelConfig& config) {
  const std::string width = text(size_of("width", config.width));
  const LayerEntry convolution = entry("conv1d", {{"channels", width}, {"kernel", "3"}});
  return {with_dropout(
              entry("embedding",
                    {{"vocabulary", config.vocabulary}, {"width", width}, {"positions", "none"}}),
              config),
          convolution,
          entry("relu"),
          convolution,
          entry("layer_norm"),
          blocks(config),
          entry("layer_norm"),
          entry("mean_pool"),
          head(config)};
}

// He et al., arXiv:1512.03385, table 1. The 3x3 stem is for images of 32x32 (section 4.2), the 7x7
// one with its pooling for those of 224x224.
std::vector<LayerEntry> resnet_layers(const ModelConfig& config) {
  std::vector<int> counts;
  if (config.depth == 18) counts = {2, 2, 2, 2};
  if (config.depth == 34 || config.depth == 50) counts = {3, 4, 6, 3};
  if (counts.empty()) {
    throw Error(ExitCode::kConfiguration, "model.depth: " + text(config.depth) +
                                              ", the preset resnet has depths 18, 34 and 50");
  }
  const bool bottleneck = config.depth == 50, large = config.stem == "7x7";
  const int width = size_of("width", config.width, 64);
  std::vector<LayerEntry> layers;
  append_convolution(layers, width, large ? 7 : 3, large ? 2 : 1, true);
  if (large) {
    layers.push_back(entry("max_pool", {{"kernel", "3"}, {"stride", "2"}, {"padding", "1"}}));
  }
  std::int64_t channels = width;
  for (std::size_t group = 0; group < counts.size(); ++group) {
    for (int block = 0; block < counts[group]; ++block) {
      const int stride = group > 0 && block == 0 ? 2 : 1;
      const bool projected = block == 0 && (group > 0 || bottleneck);
      layers.push_back(residual_block(channels, stride, bottleneck, projected));
    }
    channels *= 2;
  }
  layers.push_back(entry("global_mean_pool"));
  layers.push_back(head(config));
  return layers;
}

// Dosovitskiy et al., arXiv:2010.11929, section 3.1, with the mean over patches instead of a class
// token (appendix D.3).
std::vector<LayerEntry> vit_layers(const ModelConfig& config) {
  return {with_dropout(entry("patch_embedding", {{"patch", text(size_of("patch", config.patch))},
                                                 {"width", text(size_of("width", config.width))}}),
                       config),
          blocks(config), entry("layer_norm"), entry("mean_pool"), head(config)};
}

}  // namespace pipetrain
