// The tokens of a vision transformer: patches of an image, and positions added to them. They are
// two layers.
#include "nn/layers/layer_kinds.h"

namespace pipetrain {

LayerFactory make_patches, make_positions;

void make_patch_embedding(ModelBuilder& model, LayerOptions& options) {
  make_patches(model, options);
  make_positions(model, options);
}

}  // namespace pipetrain
