// GPT-2 (Radford et al. 2019, section 2.3).
#include <string>
#include <utility>
#include <vector>

#include "nn/presets/preset_parts.h"
#include "nn/start_scheme.h"

namespace pipetrain {

using enum Spread;

// OpenAI's gpt-2, and nanoGPT.
// In the order of ModelPart: table, positions, positions of patches; qkv, projection, up, down;
// linear, head, convolution, patches. What the family does not have is drawn as it suits.
// clang-format off
extern const StartScheme kGpt2Starts = {
    "gpt2", 0.02f,
    {{{kStd}, {kStd}, {kOne}, {kStd}, {kStdByDepth}, {kStd}, {kStdByDepth}, {kStd}, {kStd}, {kHeIn}, {kFanIn}}}};
// clang-format on

std::vector<LayerEntry> gpt_layers(const ModelConfig& config) {
  LayerEntryOptions block = {{"heads", text(size_of("heads", config.heads))}};
  if (config.kv_heads > 0) block.emplace_back("kv_heads", text(config.kv_heads));
  if (config.mlp_width > 0) block.emplace_back("mlp_width", text(config.mlp_width));
  return {token_embedding(config, text(size_of("context", config.context))),
          blocks(config, std::move(block)), entry("layer_norm"), token_head(config, /*tied=*/true)};
}

}  // namespace pipetrain
