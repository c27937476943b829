#include "nn/mlp.h"

#include "ops/activation.h"
#include "ops/linear.h"

namespace pipetrain {
namespace {

// From forward: normalized (B, T, C), rstd (B*T), hidden (B, T, up width) before the activation.
// For backward_weight: normalized, hidden after the activation, and the gradients of down's output,
// of hidden before it, of the norm.
enum Slot { kNormalized, kRstd, kHidden, kOutputGradient, kHiddenGradient, kNormGradients };

// x before the activation, y (rows, n) after it.
void activate(Ops& ops, MlpActivation activation, std::int64_t rows, std::int64_t n, const float* x,
              float* y) {
  switch (activation) {
    case MlpActivation::kGelu:
      return gelu_forward(ops, rows * n, x, y);
    case MlpActivation::kRelu:
      return relu_forward(ops, rows * n, x, y);
    case MlpActivation::kSwiGlu:
      return swiglu_forward(ops, rows, n, x, y);
  }
}

// The gradient dy becomes that of x, and x becomes y.
void activate_backward(Ops& ops, MlpActivation activation, std::int64_t rows, std::int64_t n,
                       Tensor& dy, Tensor& x) {
  switch (activation) {
    case MlpActivation::kGelu:
      return gelu_backward(ops, rows * n, dy.f32(), x.f32());
    case MlpActivation::kRelu:
      return relu_backward(ops, rows * n, dy.f32(), x.f32());
    case MlpActivation::kSwiGlu:
      swiglu_backward(ops, rows, n, dy.f32(), x.f32());
      return std::swap(dy, x);  // each fits into the other's memory
  }
}

}  // namespace

Mlp::Mlp(std::string name, Shape row, const MlpOptions& options)
    : Layer(std::move(name), row, row),
      place_(options.place),
      tokens_(row[0]),
      width_(row[1]),
      hidden_(options.hidden / place_.size),
      activation_(options.activation),
      up_width_(activation_ == MlpActivation::kSwiGlu ? 2 * hidden_ : hidden_),
      dropout_(options.dropout),
      norm_(*this, this->name() + ".norm", width_, options.norm, options.bias, options.epsilon) {
  const bool gated = activation_ == MlpActivation::kSwiGlu;
  const std::string up = gated ? "gate_up" : "up";
  const std::int64_t hidden = options.hidden, up_width = gated ? 2 * hidden : hidden;
  const Slicing columns = slicing(0, std::vector<std::int64_t>(gated ? 2 : 1, hidden), place_);
  up_weight_ = add_parameter(up + ".weight", {up_width, width_},
                             {Initial::Kind::kNormal, options.initial_scale}, columns);
  up_bias_ = options.bias ? add_parameter(up + ".bias", {up_width}, {}, columns) : kNone;
  down_weight_ =
      add_parameter("down.weight", {width_, hidden},
                    {Initial::Kind::kNormal, options.residual_scale}, slicing(1, {hidden}, place_));
  down_bias_ = options.bias ? add_parameter("down.bias", {width_}, {}) : kNone;
}

double Mlp::forward_flop() const {
  return 2.0 * static_cast<double>(tokens_) * static_cast<double>(width_) *
         static_cast<double>((up_width_ + hidden_) * place_.size);
}

Tensor Mlp::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t batch = x.shape()[0], tokens = x.shape()[1], rows = batch * tokens;
  Tensor normalized(ops.pool(), x.shape()), rstd(ops.pool(), {rows});
  Tensor hidden(ops.pool(), {batch, tokens, up_width_});
  {
    Tensor n(ops.pool(), x.shape());
    norm_.forward(ops, rows, x.f32(), normalized.f32(), rstd.f32(), n.f32());
    linear_forward(ops, rows, width_, up_width_, n.f32(), value(up_weight_), value(up_bias_),
                   hidden.f32());
  }
  Tensor activated(ops.pool(), {batch, tokens, hidden_});
  activate(ops, activation_, rows, hidden_, hidden.f32(), activated.f32());
  add_dropped_linear(context, place_, output_mask(context), hidden_, activated.f32(),
                     value(down_weight_), value(down_bias_), x);
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
  Tensor dropped = dropped_copy(ops, output_mask(context), dy);
  Tensor dhidden(ops.pool(), {dy.shape()[0], tokens_, hidden_});
  linear_backward_input(ops, rows, hidden_, width_, dropped.empty() ? dy.f32() : dropped.f32(),
                        value(down_weight_), dhidden.f32());
  activate_backward(ops, activation_, rows, hidden_, dhidden, saved[kHidden]);
  Tensor dx(ops.pool(), dy.shape());
  linear_backward_input(ops, rows, width_, up_width_, dhidden.f32(), value(up_weight_), dx.f32());
  if (!place_.alone()) context.sum_over_group(dx);
  Tensor norm_gradients =
      norm_.backward(ops, rows, dx.f32(), saved[kNormalized].f32(), saved[kRstd].f32(), dy.f32());
  saved[kRstd].reset();
  saved[kOutputGradient] = std::move(dropped.empty() ? dy : dropped);
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
  norm_.replay(ops, rows, saved[kNormalized].f32(), n.f32());
  linear_backward_weight(ops, rows, width_, up_width_, saved[kHiddenGradient].f32(), n.f32(),
                         gradient(up_weight_), gradient(up_bias_), context.accumulate);
  norm_.store(context, saved[kNormGradients]);
  saved.clear();
}

}  // namespace pipetrain
