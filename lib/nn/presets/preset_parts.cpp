#include "nn/presets/preset_parts.h"

#include <charconv>

#include "base/error.h"

namespace pipetrain {

LayerEntry entry(std::string kind, LayerEntryOptions options, std::vector<LayerEntry> layers) {
  return {std::move(kind), "model", std::move(options), std::move(layers)};
}

LayerEntry with_dropout(LayerEntry made, const ModelConfig& config) {
  if (config.dropout > 0) made.options.emplace_back("dropout", rate_text(config.dropout));
  return made;
}

std::string rate_text(double rate) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, rate).ptr};
}

int size_of(const char* key, int configured) {
  if (configured > 0) return configured;
  throw Error(ExitCode::kConfiguration,
              std::string("model.") + key + " is missing; the preset needs a number of at least 1");
}

LayerEntry blocks(const ModelConfig& config, LayerEntryOptions options) {
  return entry("repeat", {{"count", text(size_of("depth", config.depth))}},
               {with_dropout(entry("transformer_block", std::move(options)), config)});
}

LayerEntry token_embedding(const ModelConfig& config, const std::string& positions) {
  return with_dropout(
      entry("embedding", {{"vocabulary", config.vocabulary > 0 ? text(config.vocabulary) : "auto"},
                          {"width", text(size_of("width", config.width))},
                          {"positions", positions}}),
      config);
}

LayerEntry token_head(const ModelConfig& config, bool tied) {
  tied = config.tie_embeddings.value_or(tied);
  return entry("linear",
               {{"features", "vocabulary"}, {tied ? "tied" : "bias", tied ? "true" : "false"}});
}

LayerEntry label_head(const ModelConfig& config) {
  return entry("linear", {{"features", config.classes > 0 ? text(config.classes) : "classes"}});
}

}  // namespace pipetrain
