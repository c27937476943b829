#include "nn/layer_norm.h"

#include "ops/normalization.h"

namespace pipetrain {
namespace {

// From forward: normalized (rows, C), rstd (rows). For backward_weight: the gradients of gamma and
// beta (2, C).
enum Slot { kNormalized, kRstd, kNormGradients };

}  // namespace

LayerNorm::LayerNorm(std::string name, Shape row)
    : Layer(std::move(name), row, row), width_(row.back()) {
  norm_.gamma = add_parameter("weight", {width_}, {Initial::Kind::kConstant, 1.0f});
  norm_.beta = add_parameter("bias", {width_}, {});
}

Tensor LayerNorm::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t rows = x.shape().rows();
  Tensor y(ops.pool(), x.shape()), rstd(ops.pool(), {rows});
  layer_norm_forward(ops, rows, width_, x.f32(), value(norm_.gamma), value(norm_.beta), x.f32(),
                     rstd.f32(), y.f32());
  if (context.mode == Mode::kTrain) {
    saved[kNormalized] = std::move(x);
    saved[kRstd] = std::move(rstd);
  }
  return y;
}

Tensor LayerNorm::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Ops& ops = context.ops;
  Tensor norm_gradients(ops.pool(), {2, width_});
  layer_norm_backward(ops, dy.shape().rows(), width_, dy.f32(), saved[kNormalized].f32(),
                      value(norm_.gamma), saved[kRstd].f32(), nullptr, norm_gradients.f32(),
                      norm_gradients.f32() + width_);
  saved.clear();
  saved[kNormGradients] = std::move(norm_gradients);
  return dy;
}

void LayerNorm::backward_weight(const Context& context, Saved& saved) {
  store_norm_gradients(context, saved[kNormGradients], gradient(norm_.gamma), gradient(norm_.beta));
  saved.clear();
}

}  // namespace pipetrain
