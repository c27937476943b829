#include "pipeline/measure/counted_costs.h"

#include <cstddef>

namespace pipetrain {

std::vector<StageCost> counted_costs(const std::vector<std::unique_ptr<Layer>>& layers,
                                     const RecomputedLayers& recomputed, std::int64_t rows) {
  constexpr double kFlopPerSecond = 1e11, kFlopPerEntry = 100;
  std::vector<StageCost> costs;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = *layers[i];
    const double products = layer.forward_flop();
    const double entries = kFlopPerEntry * static_cast<double>(layer.output_row().elements());
    const double seconds = static_cast<double>(rows) * (products + entries) / kFlopPerSecond;
    costs.push_back({.forward = seconds,
                     .backward_input = seconds,
                     .backward_weight = layer.parameters().empty() ? 0 : seconds});
    if (recomputed[i].whole) costs.back().recompute = seconds;
  }
  return costs;
}

}  // namespace pipetrain
