#include "nn/layers/model.h"

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "nn/layers/model_builder.h"

namespace pipetrain {
namespace {

Precision precision_of(const LayerList& layers, const std::unique_ptr<Layer>& layer,
                       DType activations) {
  return {activations, layer == layers.front(), layer == layers.back()};
}

// `whole` has built `layers`, for a rank that shares them with nobody.
std::optional<std::string> why_not_in(const Sharing& whole, const LayerList& layers, int tensor,
                                      DType activations) {
  if (auto reason = whole.why_not(tensor)) return reason;
  for (const auto& layer : layers) {
    if (auto reason = layer->why_not_in(precision_of(layers, layer, activations))) return reason;
  }
  return std::nullopt;
}

}  // namespace

LayerList build_layers(const ModelConfig& config, const DataShape& data, const TensorPlace& place,
                       DType activations) {
  ModelBuilder whole(config, data, {});
  LayerList layers = whole.build();
  if (const auto reason = why_not_in(whole.sharing(), layers, place.size, activations)) {
    throw Error(ExitCode::kConfiguration, *reason);
  }
  if (!place.alone()) layers = ModelBuilder(config, data, place).build();
  for (const auto& layer : layers) {
    layer->set_precision(precision_of(layers, layer, activations));
  }
  return layers;
}

std::optional<std::string> why_not_built(const ModelConfig& config, const DataShape& data,
                                         int tensor, DType activations) {
  ModelBuilder whole(config, data, {});
  const LayerList layers = whole.build();
  return why_not_in(whole.sharing(), layers, tensor, activations);
}

std::int64_t parameter_count(const LayerList& layers) {
  std::int64_t count = 0;
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      if (!parameter.tied_to_earlier) count += parameter.whole.elements();
    }
  }
  return count;
}

double training_flop_per_row(const LayerList& layers) {
  double flop = 0;
  for (const auto& layer : layers) flop += 3 * layer->forward_flop();
  return flop;
}

}  // namespace pipetrain
