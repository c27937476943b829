#include "pipeline/recompute.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/number.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

using Names = std::vector<std::string>;

[[noreturn]] void fail(const std::string& reason) {
  throw Error(ExitCode::kConfiguration, "pipeline.recompute: " + reason);
}

// The place of a layer that is listed by its name or its number.
std::size_t find_layer(const std::string& listed, const Names& names) {
  const auto named = std::find(names.begin(), names.end(), listed);
  if (named != names.end()) return static_cast<std::size_t>(named - names.begin());
  const std::optional<std::size_t> index = parse_number<std::size_t>(listed);
  if (index && *index < names.size()) return *index;
  const std::string nearest = index ? names.back() : nearest_word(listed, names);
  fail("the model has no layer '" + listed + "'; the nearest known one is '" + nearest +
       "' (a name, or a number from 0 to " + std::to_string(names.size() - 1) + ")");
}

}  // namespace

bool has_attention(const std::vector<std::unique_ptr<Layer>>& layers) {
  return std::any_of(layers.begin(), layers.end(),
                     [](const auto& layer) { return layer->attends(); });
}

std::vector<bool> recomputed_layers(const PipelineConfig& config,
                                    const std::vector<std::unique_ptr<Layer>>& layers) {
  Names names;
  for (const auto& layer : layers) names.push_back(layer->name());
  std::vector<bool> recomputed(names.size(), config.recompute == Recompute::kFull);
  if (config.recompute == Recompute::kAttention) {
    if (!has_attention(layers)) {
      fail("attention, but the model has no attention layer; list others, or use none or full");
    }
    std::transform(layers.begin(), layers.end(), recomputed.begin(),
                   [](const auto& layer) { return layer->attends(); });
  } else if (config.recompute == Recompute::kList) {
    for (const std::string& listed : config.recompute_layers) {
      recomputed[find_layer(listed, names)] = true;
    }
  }
  return recomputed;
}

}  // namespace pipetrain
