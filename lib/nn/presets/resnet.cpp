// Residual networks for images (He et al., arXiv:1512.03385).
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nn/presets/preset_parts.h"
#include "nn/start_scheme.h"

namespace pipetrain {

using enum Spread;

constexpr StartRule kTorch = {kUniformIn, true};

// torchvision's ResNet, whose head is PyTorch's nn.Linear.
// In the order of ModelPart: table, positions, positions of patches; qkv, projection, up, down;
// linear, head, convolution, patches. What the family does not have is drawn as it suits.
// clang-format off
extern const StartScheme kResnetStarts = {
    "resnet", 0,
    {{{kOne}, {kOne}, {kOne}, {kXavier}, {kUniformIn}, kTorch, kTorch, kTorch, kTorch, {kHeOut}, {kFanIn}}}};
// clang-format on

namespace {

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
  const bool bottleneck = config.depth == 50, large = config.stem == ResnetStem::k7x7;
  const int width = size_of("width", config.width);
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
  layers.push_back(label_head(config));
  return layers;
}

}  // namespace pipetrain
