#include "nn/presets/presets.h"

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
constexpr ModelSize kOfGpt[] = {kDepth, kHeads, kWidth, kContext},
                    kOfBlocks[] = {kDepth, kHeads, kWidth}, kOfResnet[] = {kDepth},
                    kOfVit[] = {kDepth, kHeads, kWidth, kPatch};

// clang-format off
constexpr Preset kPresets[] = {
    {"gpt", "A language model like GPT-2, of any size.", gpt_layers, kOfGpt, &kGpt2Starts},
    {"gpt2", "GPT-2 of 124 million parameters (Radford et al. 2019, table 2).",
     gpt_layers, {}, &kGpt2Starts, {12, 12, 768, 1024, 50257}},
    {"gpt2-medium", "GPT-2 of 355 million parameters.",
     gpt_layers, {}, &kGpt2Starts, {24, 16, 1024, 1024, 50257}},
    {"llama", "A language model like Llama, of any size.",
     llama_layers, kOfBlocks, &kLlamaStarts, {}, true},
    {"classifier", "Convolutions and transformer blocks that give a text one label.",
     classifier_layers, kOfBlocks, &kGpt2Starts},
    {"resnet", "A residual network for images, of 18, 34 or 50 layers.",
     resnet_layers, kOfResnet, &kResnetStarts, {.width = 64}},
    {"vit", "A vision transformer.", vit_layers, kOfVit, &kVitStarts},
};
// clang-format on

const Preset& preset_of(const ModelConfig& config) {
  const Preset* preset = find_row(presets(), config.preset);
  if (preset != nullptr) return *preset;
  throw Error(ExitCode::kConfiguration,
              "model.preset '" + config.preset + "' is unknown; expected one of " +
                  join(names_of(presets())) + ", or a list under model.layers");
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
  if (config.dropout != 0) {
    throw Error(ExitCode::kConfiguration,
                "model.dropout: found " + rate_text(config.dropout) +
                    ", but it is of presets; under model.layers give dropout to the layers");
  }
  if (config.layers.empty()) {
    throw Error(ExitCode::kConfiguration,
                "model is missing; give model.preset or a list under model.layers");
  }
  return config.layers;
}

}  // namespace pipetrain
