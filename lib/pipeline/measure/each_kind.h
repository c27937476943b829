// Layers that are alike are measured once. It must not know what is measured.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nn/layer.h"

namespace pipetrain {

// Whether the data come before a layer, and the loss after it.
struct LayerEnds {
  bool first = false, last = false;
};

inline LayerEnds ends_of(const std::vector<std::unique_ptr<Layer>>& layers, std::size_t layer) {
  return {layer == 0, layer + 1 == layers.size()};
}

// "attention (64, 128) (64, 128) (128) ...": layers of the same text cost the same.
inline std::string signature(const Layer& layer, LayerEnds ends) {
  std::string text = layer.kind() + layer.input_row().text() + layer.output_row().text() +
                     (ends.first ? "data" : "") + (ends.last ? "loss" : "");
  for (const Parameter& parameter : layer.parameters()) text += parameter.shape.text();
  return text;
}

// measure_one(layer, ends) for each layer, once for those of equal signature.
template <class Measure>
auto for_each_kind(const std::vector<std::unique_ptr<Layer>>& layers, const Measure& measure_one) {
  using Result = decltype(measure_one(*layers.front(), LayerEnds{}));
  std::map<std::string, Result> known;
  std::vector<Result> results;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerEnds ends = ends_of(layers, i);
    const std::string text = signature(*layers[i], ends);
    if (!known.contains(text)) known.emplace(text, measure_one(*layers[i], ends));
    results.push_back(known.at(text));
  }
  return results;
}

}  // namespace pipetrain
