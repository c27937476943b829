// Llama (Touvron et al., arXiv:2302.13971, section 2.2).
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nn/presets/preset_parts.h"
#include "nn/start_scheme.h"

namespace pipetrain {

using enum Spread;

// Hugging Face's LlamaPreTrainedModel: initializer_range for every matrix.
// In the order of ModelPart: table, positions, positions of patches; qkv, projection, up, down;
// linear, head, convolution, patches. What the family does not have is drawn as it suits.
// clang-format off
extern const StartScheme kLlamaStarts = {
    "llama", 0.02f,
    {{{kStd}, {kStd}, {kOne}, {kStd}, {kStd}, {kStd}, {kStd}, {kStd}, {kStd}, {kHeIn}, {kFanIn}}}};
// clang-format on

namespace {

// Two thirds of GPT's 4 C, so that three matrices hold what two held (section 2.2), rounded up to a
// multiple of 32.
std::int64_t mlp_width(std::int64_t width) { return (8 * width / 3 + 31) / 32 * 32; }

}  // namespace

std::vector<LayerEntry> llama_layers(const ModelConfig& config) {
  const int width = size_of("width", config.width);
  LayerEntryOptions block = {{"heads", text(size_of("heads", config.heads))}};
  if (config.kv_heads > 0) block.emplace_back("kv_heads", text(config.kv_heads));
  block.emplace_back("mlp_width", text(config.mlp_width > 0 ? config.mlp_width : mlp_width(width)));
  block.insert(
      block.end(),
      {{"norm", "rms_norm"}, {"bias", "false"}, {"positions", "rotary"}, {"activation", "swiglu"}});
  return {token_embedding(config, "none"), blocks(config, std::move(block)), entry("rms_norm"),
          token_head(config, /*tied=*/false)};
}

}  // namespace pipetrain
