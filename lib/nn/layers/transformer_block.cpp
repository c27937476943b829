// A transformer block: attention, then an MLP, which read one list of options. They are two layers,
// so that a stage may end between them.
#include <vector>

#include "nn/layers/layer_kinds.h"

namespace pipetrain {

LayerFactory make_attention, make_mlp;
LayerOptionList attention_options, mlp_options;

std::vector<LayerOption> transformer_block_options() {
  return joined(attention_options(), mlp_options());
}

void make_transformer_block(ModelBuilder& model, LayerOptions& options) {
  make_attention(model, options);
  make_mlp(model, options);
}

}  // namespace pipetrain
