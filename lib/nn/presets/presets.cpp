#include "nn/presets/presets.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/number.h"
#include "base/suggest.h"
#include "base/table.h"
#include "nn/presets/preset_parts.h"

namespace pipetrain {

// Each is in the file of its preset.
PresetLayers gpt_layers, llama_layers, classifier_layers, resnet_layers, vit_layers;
extern const StartScheme kGpt2Starts, kLlamaStarts, kResnetStarts, kVitStarts;

namespace {

constexpr ModelSize kDepth = {"depth", &ModelConfig::depth},
                    kHeads = {"heads", &ModelConfig::heads},
                    kWidth = {"width", &ModelConfig::width},
                    kContext = {"context", &ModelConfig::context},
                    kPatch = {"patch", &ModelConfig::patch};
constexpr ModelSize kGptNeeds[] = {kDepth, kHeads, kWidth, kContext},
                    kBlocksNeed[] = {kDepth, kHeads, kWidth}, kResnetNeeds[] = {kDepth},
                    kVitNeeds[] = {kDepth, kHeads, kWidth, kPatch};
constexpr std::string_view kGptTakes[] = {"kv_heads", "mlp_width", "vocabulary", "tie_embeddings",
                                          "dropout"},
                           kGpt2Takes[] = {"depth",      "heads",          "kv_heads",
                                           "width",      "mlp_width",      "context",
                                           "vocabulary", "tie_embeddings", "dropout"},
                           kLlamaTakes[] = {"kv_heads",   "mlp_width",      "context",
                                            "vocabulary", "tie_embeddings", "dropout"},
                           kClassifierTakes[] = {"context", "vocabulary", "classes", "dropout"},
                           kResnetTakes[] = {"width", "classes", "stem"},
                           kVitTakes[] = {"classes", "dropout"},
                           kListTakes[] = {"context", "vocabulary"};

// clang-format off
constexpr Preset kPresets[] = {
    {"gpt", "A language model like GPT-2, of any size.", gpt_layers, kGptNeeds, kGptTakes, &kGpt2Starts},
    {"gpt2", "GPT-2 of 124 million parameters (Radford et al. 2019, table 2).",
     gpt_layers, {}, kGpt2Takes, &kGpt2Starts, {12, 12, 768, 1024, 50257}},
    {"gpt2-medium", "GPT-2 of 355 million parameters.",
     gpt_layers, {}, kGpt2Takes, &kGpt2Starts, {24, 16, 1024, 1024, 50257}},
    {"llama", "A language model like Llama, of any size.",
     llama_layers, kBlocksNeed, kLlamaTakes, &kLlamaStarts, {}, true},
    {"classifier", "Convolutions and transformer blocks that give a text one label.",
     classifier_layers, kBlocksNeed, kClassifierTakes, &kGpt2Starts},
    {"resnet", "A residual network for images, of 18, 34 or 50 layers.",
     resnet_layers, kResnetNeeds, kResnetTakes, &kResnetStarts, {.width = 64}},
    {"vit", "A vision transformer.", vit_layers, kVitNeeds, kVitTakes, &kVitStarts},
};
// clang-format on

const Preset& preset_of(const ModelConfig& config) {
  const Preset* preset = find_row(presets(), config.preset);
  if (preset != nullptr) return *preset;
  throw Error(ExitCode::kConfiguration,
              "model.preset '" + config.preset + "' is unknown; expected one of " +
                  join(names_of(presets())) + ", or a list under model.layers");
}

bool has(std::span<const std::string_view> keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

bool takes(const Preset& preset, std::string_view key) {
  return has(preset.takes, key) ||
         std::ranges::find(preset.needs, key, &ModelSize::key) != preset.needs.end();
}

// The keys of `model` that some presets do not take, and whether they are given.
std::vector<std::pair<std::string_view, bool>> keys_of_some(const ModelConfig& config) {
  return {{"depth", config.depth > 0},
          {"heads", config.heads > 0},
          {"kv_heads", config.kv_heads > 0},
          {"width", config.width > 0},
          {"mlp_width", config.mlp_width > 0},
          {"context", config.context > 0},
          {"vocabulary", config.vocabulary > 0},
          {"classes", config.classes > 0},
          {"stem", config.stem != ModelConfig().stem},
          {"patch", config.patch > 0},
          {"tie_embeddings", config.tie_embeddings.has_value()},
          {"dropout", config.dropout != 0}};
}

ModelConfig with_sizes(ModelConfig config, const PresetSizes& sizes) {
  const std::pair<int*, int> all[] = {{&config.depth, sizes.depth},
                                      {&config.heads, sizes.heads},
                                      {&config.width, sizes.width},
                                      {&config.context, sizes.context},
                                      {&config.vocabulary, sizes.vocabulary}};
  for (const auto& [size, own] : all) {
    if (*size <= 0) *size = own;
  }
  return config;
}

}  // namespace

std::span<const Preset> presets() { return kPresets; }

std::optional<std::string_view> unused_key(const ModelConfig& config) {
  for (const auto& [key, given] : keys_of_some(config)) {
    if (given && !(config.preset.empty() ? has(kListTakes, key) : takes(preset_of(config), key))) {
      return key;
    }
  }
  return std::nullopt;
}

std::string presets_with_key(std::string_view key) {
  std::vector<std::string> names;
  for (const Preset& preset : presets()) {
    if (takes(preset, key)) names.emplace_back(preset.name);
  }
  return listed(names);
}

std::int64_t configured_context(const ModelConfig& config) {
  if (config.context > 0 || config.preset.empty()) return config.context;
  return preset_of(config).sizes.context;
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
  if (!config.preset.empty()) {
    if (!config.layers.empty()) {
      throw Error(ExitCode::kConfiguration,
                  "model.preset and model.layers are both given; expected one of them");
    }
    const Preset& preset = preset_of(config);
    return preset.layers(with_sizes(config, preset.sizes));
  }
  if (config.layers.empty()) {
    throw Error(ExitCode::kConfiguration,
                "model is missing; give model.preset or a list under model.layers");
  }
  return config.layers;
}

}  // namespace pipetrain
