#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/number.h"
#include "base/suggest.h"
#include "nn/model.h"
#include "nn/preset_parts.h"

namespace pipetrain {
namespace {

struct Sizes {
  int depth, heads, width, context, vocabulary;
};

// Radford et al. 2019, table 2. The others have no sizes of their own.
const std::map<std::string, Sizes>& presets() {
  static const std::map<std::string, Sizes> known = {
      {"classifier", {0, 0, 0, 0, 0}},
      {"gpt", {0, 0, 0, 0, 0}},
      {"gpt2", {12, 12, 768, 1024, 50257}},
      {"gpt2-medium", {24, 16, 1024, 1024, 50257}},
      {"llama", {0, 0, 0, 0, 0}},
      {"resnet", {0, 0, 0, 0, 0}},
      {"vit", {0, 0, 0, 0, 0}},
  };
  return known;
}

const Sizes& preset_sizes(const std::string& name) {
  const auto found = presets().find(name);
  if (found != presets().end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, sizes] : presets()) names.push_back(known);
  throw Error(ExitCode::kConfiguration, "model.preset '" + name + "' is unknown; expected one of " +
                                            join(names) + ", or a list under model.layers");
}

// Two thirds of GPT's 4 C, so that three matrices hold what two held (Touvron et al.,
// arXiv:2302.13971, section 2.2), rounded up to a multiple of 32.
std::int64_t llama_mlp_width(std::int64_t width) { return (8 * width / 3 + 31) / 32 * 32; }

// With all digits that it has.
std::string rate_text(double rate) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, rate).ptr};
}

// A rate that would be left out.
void check_dropout(const ModelConfig& config) {
  if (config.dropout == 0 || (!config.preset.empty() && config.preset != "resnet")) return;
  throw Error(
      ExitCode::kConfiguration,
      "model.dropout: found " + rate_text(config.dropout) + ", but " +
          (config.preset.empty() ? "it is of presets; under model.layers give dropout to the layers"
                                 : "the preset resnet has none; leave it out"));
}

LayerEntry block(const ModelConfig& config, bool llama, int heads, int width) {
  LayerEntry made = entry("transformer_block", {{"heads", std::to_string(heads)}});
  const std::int64_t mlp_width =
      config.mlp_width == 0 && llama ? llama_mlp_width(width) : config.mlp_width;
  if (config.kv_heads > 0) made.options.emplace_back("kv_heads", std::to_string(config.kv_heads));
  if (mlp_width > 0) made.options.emplace_back("mlp_width", std::to_string(mlp_width));
  if (llama) {
    made.options.insert(made.options.end(), {{"norm", "rms_norm"},
                                             {"bias", "false"},
                                             {"positions", "rotary"},
                                             {"activation", "swiglu"}});
  }
  return with_dropout(std::move(made), config);
}

}  // namespace

LayerEntry with_dropout(LayerEntry made, const ModelConfig& config) {
  if (config.dropout > 0) {
    made.options.emplace_back("dropout", rate_text(config.dropout));
  }
  return made;
}

std::int64_t configured_context(const ModelConfig& config) {
  if (config.context > 0 || config.preset.empty()) return config.context;
  return preset_sizes(config.preset).context;
}

std::int64_t configured_vocabulary(const ModelConfig& config) {
  const std::vector<LayerEntry> entries = expand_preset(config);
  for (const auto& [key, value] : entries.front().options) {
    // What is no number is refused where the layer is made.
    if (key == "vocabulary") return parse_number<std::int64_t>(value).value_or(0);
  }
  return 0;
}

std::vector<LayerEntry> expand_preset(const ModelConfig& config) {
  check_dropout(config);
  if (config.preset.empty()) {
    if (config.layers.empty()) {
      throw Error(ExitCode::kConfiguration,
                  "model is missing; give model.preset or a list under model.layers");
    }
    return config.layers;
  }
  if (!config.layers.empty()) {
    throw Error(ExitCode::kConfiguration,
                "model.preset and model.layers are both given; expected one of them");
  }
  const Sizes& preset = preset_sizes(config.preset);
  if (config.preset == "classifier") return classifier_layers(config);
  if (config.preset == "resnet") return resnet_layers(config);
  if (config.preset == "vit") return vit_layers(config);
  const int depth = size_of("depth", config.depth, preset.depth);
  const int heads = size_of("heads", config.heads, preset.heads);
  const int width = size_of("width", config.width, preset.width);
  const bool llama = config.preset == "llama";
  const bool tied = config.tie_embeddings.value_or(!llama);
  const std::string positions =
      llama ? "none" : std::to_string(size_of("context", config.context, preset.context));
  const std::string vocabulary = config.vocabulary == "auto" && preset.vocabulary > 0
                                     ? std::to_string(preset.vocabulary)
                                     : config.vocabulary;
  return {with_dropout(entry("embedding", {{"vocabulary", vocabulary},
                                           {"width", std::to_string(width)},
                                           {"positions", positions}}),
                       config),
          entry("repeat", {{"count", std::to_string(depth)}}, {block(config, llama, heads, width)}),
          entry(llama ? "rms_norm" : "layer_norm"),
          entry("linear",
                {{"features", "vocabulary"}, {tied ? "tied" : "bias", tied ? "true" : "false"}})};
}

}  // namespace pipetrain
