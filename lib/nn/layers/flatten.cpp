#include "nn/layers/flatten.h"

#include <memory>

#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"

namespace pipetrain {

void make_flatten(ModelBuilder& model, LayerOptions&) {
  model.add(std::make_unique<Flatten>(model.name("flatten"), model.row()));
}

}  // namespace pipetrain
