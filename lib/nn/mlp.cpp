#include "nn/mlp.h"

#include "ops/activation.h"
#include "ops/linear.h"
#include "ops/normalization.h"

namespace pipetrain {
namespace {

// From forward: normalized (B, T, C), rstd (B*T), hidden (B, T, hidden) before the activation.
// For backward_weight: normalized, hidden after the activation, and the gradients of y, of hidden
// before it, of the norm (2, C).
enum Slot { kNormalized, kRstd, kHidden, kOutputGradient, kHiddenGradient, kNormGradients };

}  // namespace

Mlp::Mlp(std::string name, Shape row, const MlpOptions& options)
    : Layer(std::move(name), row, row),
      tokens_(row[0]),
      width_(row[1]),
      hidden_(options.ratio * row[1]) {
  const Initial zero{}, one{Initial::Kind::kConstant, 1.0f};
  norm_.gamma = add_parameter("norm.weight", {width_}, one);
  norm_.beta = add_parameter("norm.bias", {width_}, zero);
  up_weight_ = add_parameter("up.weight", {hidden_, width_},
                             {Initial::Kind::kNormal, options.initial_scale});
  up_bias_ = add_parameter("up.bias", {hidden_}, zero);
  down_weight_ = add_parameter("down.weight", {width_, hidden_},
                               {Initial::Kind::kNormal, options.residual_scale});
  down_bias_ = add_parameter("down.bias", {width_}, zero);
}

double Mlp::forward_flop() const {
  return 4.0 * static_cast<double>(tokens_) * static_cast<double>(width_) *
         static_cast<double>(hidden_);
}

Tensor Mlp::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t batch = x.shape()[0], rows = batch * tokens_;
  Tensor normalized(ops.pool(), x.shape()), rstd(ops.pool(), {rows});
  Tensor hidden(ops.pool(), {batch, tokens_, hidden_});
  {
    Tensor n(ops.pool(), x.shape());
    layer_norm_forward(ops, rows, width_, x.f32(), value(norm_.gamma), value(norm_.beta),
                       normalized.f32(), rstd.f32(), n.f32());
    linear_forward(ops, rows, width_, hidden_, n.f32(), value(up_weight_), value(up_bias_),
                   hidden.f32());
  }
  Tensor activated(ops.pool(), hidden.shape());
  gelu_forward(ops, rows * hidden_, hidden.f32(), activated.f32());
  linear_forward(ops, rows, hidden_, width_, activated.f32(), value(down_weight_),
                 value(down_bias_), x.f32(), /*accumulate=*/true);
  if (context.mode == Mode::kTrain) {
    saved[kNormalized] = std::move(normalized);
    saved[kRstd] = std::move(rstd);
    saved[kHidden] = std::move(hidden);
  }
  return x;
}

Tensor Mlp::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t rows = dy.shape().rows();
  Tensor dhidden(ops.pool(), saved[kHidden].shape());
  linear_backward_input(ops, rows, hidden_, width_, dy.f32(), value(down_weight_), dhidden.f32());
  gelu_backward(ops, rows * hidden_, dhidden.f32(), saved[kHidden].f32());
  Tensor dx(ops.pool(), dy.shape()), norm_gradients(ops.pool(), {2, width_});
  linear_backward_input(ops, rows, width_, hidden_, dhidden.f32(), value(up_weight_), dx.f32());
  layer_norm_backward(ops, rows, width_, dx.f32(), saved[kNormalized].f32(), value(norm_.gamma),
                      saved[kRstd].f32(), dy.f32(), norm_gradients.f32(),
                      norm_gradients.f32() + width_);
  saved[kRstd].reset();
  saved[kOutputGradient] = std::move(dy);
  saved[kHiddenGradient] = std::move(dhidden);
  saved[kNormGradients] = std::move(norm_gradients);
  return dx;
}

void Mlp::backward_weight(const Context& context, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t rows = saved[kOutputGradient].shape().rows();
  linear_backward_weight(ops, rows, hidden_, width_, saved[kOutputGradient].f32(),
                         saved[kHidden].f32(), gradient(down_weight_), gradient(down_bias_),
                         context.accumulate);
  Tensor& n = saved[kOutputGradient];  // its memory serves again
  layer_norm_replay(ops, rows, width_, saved[kNormalized].f32(), value(norm_.gamma),
                    value(norm_.beta), n.f32());
  linear_backward_weight(ops, rows, width_, hidden_, saved[kHiddenGradient].f32(), n.f32(),
                         gradient(up_weight_), gradient(up_bias_), context.accumulate);
  store_norm_gradients(context, saved[kNormGradients], gradient(norm_.gamma), gradient(norm_.beta));
  saved.clear();
}

}  // namespace pipetrain
