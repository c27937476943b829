// What the presets are written with: entries of a layer list, and sizes that must be given. It must
// not know any preset.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nn/model_config.h"

namespace pipetrain {

using LayerEntryOptions = std::vector<std::pair<std::string, std::string>>;

LayerEntry entry(std::string kind, LayerEntryOptions options = {},
                 std::vector<LayerEntry> layers = {});
inline std::string text(std::int64_t number) { return std::to_string(number); }

// With all digits that it has.
std::string rate_text(double rate);
// The entry with the model's rate of dropout, if it has one.
LayerEntry with_dropout(LayerEntry made, const ModelConfig& config);

// The configured size; at least 1.
int size_of(const char* key, int configured);

// depth transformer blocks with these options.
LayerEntry blocks(const ModelConfig& config, LayerEntryOptions options);

// The ends of a language model: an embedding with that many positions or "none", and the linear
// layer over the vocabulary, tied to it unless the configuration says otherwise.
LayerEntry token_embedding(const ModelConfig& config, const std::string& positions);
LayerEntry token_head(const ModelConfig& config, bool tied);

// The last layer of a model with one label a row.
LayerEntry label_head(const ModelConfig& config);

}  // namespace pipetrain
