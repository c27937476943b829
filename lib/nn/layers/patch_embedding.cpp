// The tokens of a vision transformer: patches of an image, and positions added to them. They are
// two layers.
#include <vector>

#include "nn/layers/layer_kinds.h"

namespace pipetrain {

LayerFactory make_patches, make_positions;
LayerOptionList patches_options, positions_options;

std::vector<LayerOption> patch_embedding_options() {
  return joined(patches_options(), positions_options());
}

void make_patch_embedding(ModelBuilder& model, LayerOptions& options) {
  make_patches(model, options);
  make_positions(model, options);
}

}  // namespace pipetrain
