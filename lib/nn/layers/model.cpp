#include "nn/layers/model.h"

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "nn/layers/model_builder.h"

namespace pipetrain {

LayerList build_layers(const ModelConfig& config, const DataShape& data, const TensorPlace& place,
                       DType activations) {
  ModelBuilder whole(config, data, {});
  LayerList layers = whole.build();
  if (const auto reason = whole.sharing().why_not(place.size)) {
    throw Error(ExitCode::kConfiguration, *reason);
  }
  if (!place.alone()) layers = ModelBuilder(config, data, place).build();
  for (const auto& layer : layers) {
    layer->set_precision({activations, /*last=*/layer == layers.back()});
  }
  return layers;
}

std::optional<std::string> why_not_built(const ModelConfig& config, const DataShape& data,
                                         int tensor) {
  ModelBuilder whole(config, data, {});
  whole.build();
  return whole.sharing().why_not(tensor);
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
