// Presets: whole models by name, one row each, and what they stand for as lists of layers. It must
// not know how layers are made.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nn/model_config.h"
#include "nn/start_scheme.h"

namespace pipetrain {

using PresetLayers = std::vector<LayerEntry>(const ModelConfig& config);

// Sizes that a preset brings along; the configuration may give others.
struct PresetSizes {
  int depth = 0, heads = 0, width = 0, context = 0, vocabulary = 0;
};

// A key of `model` that a preset needs.
struct ModelSize {
  const char* key;
  int ModelConfig::* size;
};

struct Preset {
  std::string_view name;
  const char* description;
  PresetLayers* layers;
  std::span<const ModelSize> needs;
  std::span<const std::string_view> takes;  // keys of `model` that have a meaning beside those
  const StartScheme* starts;
  PresetSizes sizes = {};
  bool rotary = false;  // positions have no table: sequences may have any length
};

std::span<const Preset> presets();

// A key of `model` that is given, but has no meaning for the preset, or for an explicit list of
// layers; and the presets for which it has one: "gpt and llama".
std::optional<std::string_view> unused_key(const ModelConfig& config);
std::string presets_with_key(std::string_view key);

// A preset as the list of layers that it stands for; an explicit list as it is.
// Error(kConfiguration) for an unknown preset or sizes that do not fit.
std::vector<LayerEntry> expand_preset(const ModelConfig& config);

// The number of tokens per row that the configuration asks for; 0 if it leaves that to the data.
std::int64_t configured_context(const ModelConfig& config);
// The vocabulary that the configuration asks for; 0 if it leaves that to the data.
std::int64_t configured_vocabulary(const ModelConfig& config);

}  // namespace pipetrain
