// A transformer block: attention, then an MLP, which read one list of options. They are two layers,
// so that a stage may end between them; in parallel (Black et al., arXiv:2204.06745, section 2.1)
// they are one, x + attention(x) + mlp(x).
#include "nn/layers/transformer_block.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layers/attention.h"
#include "nn/layers/layer_kinds.h"
#include "nn/layers/mlp.h"
#include "nn/layers/residual.h"

namespace pipetrain {

LayerFactory make_attention, make_mlp;
LayerOptionList attention_options, mlp_options;

std::vector<LayerOption> transformer_block_options() {
  return joined(joined(attention_options(), mlp_options()), {kParallelOption});
}

void make_transformer_block(ModelBuilder& model, LayerOptions& options) {
  if (!options.read(kParallelOption)) {
    make_attention(model, options);
    make_mlp(model, options);
    return;
  }
  const std::string name = model.name(kTransformerBlock), prefix = name + ".";
  LayerList attention, mlp;
  attention.push_back(attention_of(model, options, prefix + AttentionNames::kLayer));
  mlp.push_back(mlp_of(model, options, prefix + MlpNames::kLayer, /*residual=*/false));
  model.add(std::make_unique<Residual>(name, model.row(), std::move(mlp), std::move(attention),
                                       /*relu=*/false));
}

}  // namespace pipetrain
