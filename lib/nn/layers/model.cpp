#include "nn/layers/model.h"

#include <cstdint>

#include "nn/layers/model_builder.h"

namespace pipetrain {

LayerList build_layers(const ModelConfig& config, const DataShape& data, const TensorPlace& place,
                       DType activations) {
  LayerList layers = ModelBuilder(config, data, place).build();
  for (const auto& layer : layers) {
    layer->set_precision({activations, layer == layers.front(), layer == layers.back()});
  }
  return layers;
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
