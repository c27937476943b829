#include "pipeline/recompute.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/number.h"
#include "base/suggest.h"

namespace pipetrain {
namespace {

using Names = std::vector<std::string>;
using Layers = std::vector<std::unique_ptr<Layer>>;

constexpr double kCheapShare = 0.02;  // of a step

[[noreturn]] void fail(const std::string& reason) {
  throw Error(ExitCode::kConfiguration, "pipeline.recompute: " + reason);
}

void add(const NamedPart& part, RecomputedLayers& recomputed) {
  recomputed[part.layer].parts |= 1U << part.part;
}

// Those of the least products for each number that is not kept, as long as all that cost alike
// stay together under a share of the step's products.
void add_cheapest(const Layers& layers, double share, RecomputedLayers& recomputed) {
  double left = 0;
  for (const auto& layer : layers) left += share * 3 * layer->forward_flop();
  std::vector<NamedPart> parts = parts_of(layers);
  std::stable_sort(parts.begin(), parts.end(), [](const NamedPart& a, const NamedPart& b) {
    return a.flop_per_element < b.flop_per_element;
  });
  for (auto first = parts.begin(); first != parts.end();) {
    double flop = 0;
    auto end = first;
    for (; end != parts.end() && end->flop_per_element == first->flop_per_element; ++end) {
      flop += end->flop;
    }
    if (flop > left) return;
    left -= flop;
    for (; first != end; ++first) add(*first, recomputed);
  }
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

void add_listed(const Names& list, const Layers& layers, RecomputedLayers& recomputed) {
  Names names;
  for (const auto& layer : layers) names.push_back(layer->name());
  const std::vector<NamedPart> parts = parts_of(layers);
  for (const std::string& listed : list) {
    const auto part = std::find_if(parts.begin(), parts.end(),
                                   [&](const NamedPart& known) { return known.name == listed; });
    if (part != parts.end()) {
      add(*part, recomputed);
    } else {
      recomputed[find_layer(listed, names)].whole = true;
    }
  }
  for (Recomputed& layer : recomputed) {
    if (layer.whole) layer.parts = 0;  // it keeps nothing anyway
  }
}

}  // namespace

std::vector<NamedPart> parts_of(const Layers& layers) {
  std::vector<NamedPart> all;
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    std::size_t part = 0;
    for (const RemadePart& made : layers[layer]->remade_parts()) {
      all.push_back({layers[layer]->name() + "." + made.name, layer, part++, made.flop,
                     made.flop / static_cast<double>(made.elements)});
    }
  }
  return all;
}

std::string why_not_sliced(const RecomputedLayers& recomputed, const Layers& layers) {
  for (const NamedPart& part : parts_of(layers)) {
    if (!recomputed[part.layer].has(part.part)) continue;
    if (!layers[part.layer]->remade_parts()[part.part].seen_later) continue;
    return "forgets " + part.name +
           ", which later slices look at; set it to cheap or none, or list "
           "others";
  }
  for (std::size_t layer = 0; layer < layers.size(); ++layer) {
    if (!recomputed[layer].whole || layers[layer]->reach() == Reach::kToken) continue;
    return "forgets all of " + layers[layer]->name() +
           ", whose keys and values later slices look at; set it to cheap or none, or list others";
  }
  return {};
}

bool has_attention(const Layers& layers) {
  return std::any_of(layers.begin(), layers.end(),
                     [](const auto& layer) { return layer->attends(); });
}

RecomputedLayers recomputed_layers(const PipelineConfig& config, const Layers& layers) {
  RecomputedLayers recomputed(layers.size());
  switch (config.recompute) {
    case Recompute::kNone: break;
    case Recompute::kCheap: add_cheapest(layers, kCheapShare, recomputed); break;
    case Recompute::kSelective:
      for (const NamedPart& part : parts_of(layers)) add(part, recomputed);
      break;
    case Recompute::kAttention:
      if (!has_attention(layers)) {
        fail("attention, but the model has no attention layer; list others, or use none or full");
      }
      std::transform(layers.begin(), layers.end(), recomputed.begin(),
                     [](const auto& layer) { return Recomputed{.whole = layer->attends()}; });
      break;
    case Recompute::kFull:
      for (Recomputed& layer : recomputed) layer.whole = true;
      break;
    case Recompute::kList: add_listed(config.recompute_layers, layers, recomputed); break;
  }
  return recomputed;
}

}  // namespace pipetrain
