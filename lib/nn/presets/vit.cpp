// A vision transformer.
#include <string>
#include <vector>

#include "nn/presets/preset_parts.h"
#include "nn/start_scheme.h"

namespace pipetrain {

using enum Spread;

// torchvision's VisionTransformer, but for the positions: its N(0.02) is drowned by the patches of
// a narrow model, which then takes an image for a bag of them. In the order of ModelPart: table,
// positions, positions of patches; qkv, projection, up, down; linear, head, convolution, patches.
// What the family does not have is drawn as it suits.
// clang-format off
extern const StartScheme kVitStarts = {
    "vit", 1,
    {{{kStd}, {kStd}, {kStd}, {kXavier}, {kUniformIn}, {kXavier}, {kXavier}, {kXavier}, {kZero}, {kHeIn}, {kFanIn}}}};
// clang-format on

// Dosovitskiy et al., arXiv:2010.11929, section 3.1, with the mean over patches instead of a class
// token (appendix D.3).
std::vector<LayerEntry> vit_layers(const ModelConfig& config) {
  return {with_dropout(entry("patch_embedding", {{"patch", text(size_of("patch", config.patch))},
                                                 {"width", text(size_of("width", config.width))}}),
                       config),
          blocks(config, {{"heads", text(size_of("heads", config.heads))}, {"causal", "false"}}),
          entry("layer_norm"), entry("mean_pool"), label_head(config)};
}

}  // namespace pipetrain
