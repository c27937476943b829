#include "nn/layers/norm_layer.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/model_builder.h"

namespace pipetrain {
namespace {

// From forward: normalized (rows, C), rstd (rows). For backward_weight: the gradients of the norm's
// parameters.
enum Slot { kNormalized, kRstd, kNormGradients };

}  // namespace

NormLayer::NormLayer(std::string name, Shape row, NormKind kind, float epsilon)
    : Layer(std::move(name), row, row),
      norm_(*this, this->name(), row.back(), kind, /*bias=*/true, epsilon) {}

Tensor NormLayer::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  Tensor y(ops.pool(), x.shape(), x.dtype()), rstd(ops.pool(), {x.shape().rows()});
  norm_.forward(ops, x, x, rstd.f32(), y);
  if (context.mode == Mode::kTrain) {
    saved[kNormalized] = std::move(x);
    saved[kRstd] = std::move(rstd);
  }
  return y;
}

Tensor NormLayer::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Tensor norm_gradients =
      norm_.backward(context.ops, dy, saved[kNormalized], saved[kRstd].f32(), /*skip=*/nullptr);
  if (shared_rows_) context.sum_over_group(norm_gradients);
  saved.clear();
  saved[kNormGradients] = std::move(norm_gradients);
  return dy;
}

void NormLayer::backward_weight(const Context& context, Saved& saved) {
  norm_.store(context, saved[kNormGradients]);
  saved.clear();
}

std::vector<LayerOption> norm_options() { return {kEpsilonOption}; }

void make_layer_norm(ModelBuilder& model, LayerOptions& options) {
  model.add(std::make_unique<NormLayer>(model.name("layer_norm"), model.row(), NormKind::kLayer,
                                        read_epsilon(options)));
}

void make_rms_norm(ModelBuilder& model, LayerOptions& options) {
  model.add(std::make_unique<NormLayer>(model.name("rms_norm"), model.row(), NormKind::kRms,
                                        read_epsilon(options)));
}

}  // namespace pipetrain
