#include "nn/layers/mlp.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/branch_options.h"
#include "nn/layers/model_builder.h"
#include "nn/layers/shared_product.h"
#include "nn/tensor_names.h"
#include "ops/activation.h"
#include "ops/linear.h"

namespace pipetrain {
namespace {

using Names = MlpNames;

// From forward: normalized (B, T, C), rstd (B*T), hidden (B, T, up width) before the activation.
// For backward_weight: normalized, hidden after the activation, and the gradients of down's output,
// of hidden before it, of the norm.
enum Slot { kNormalized, kRstd, kHidden, kOutputGradient, kHiddenGradient, kNormGradients };

// x before the activation, y after it.
void activate(Ops& ops, MlpActivation activation, const Tensor& x, Tensor& y) {
  switch (activation) {
    case MlpActivation::kGelu: return gelu_forward(ops, x, y);
    case MlpActivation::kExactGelu: return exact_gelu_forward(ops, x, y);
    case MlpActivation::kRelu: return relu_forward(ops, x, y);
    case MlpActivation::kSwiGlu: return swiglu_forward(ops, x, y);
    case MlpActivation::kGeGlu: return geglu_forward(ops, x, y);
  }
}

// The gradient dy becomes that of x, and x becomes y.
void activate_backward(Ops& ops, MlpActivation activation, Tensor& dy, Tensor& x) {
  switch (activation) {
    case MlpActivation::kGelu: return gelu_backward(ops, dy, x);
    case MlpActivation::kExactGelu: return exact_gelu_backward(ops, dy, x);
    case MlpActivation::kRelu: return relu_backward(ops, dy, x);
    case MlpActivation::kSwiGlu: swiglu_backward(ops, dy, x); break;
    case MlpActivation::kGeGlu: geglu_backward(ops, dy, x); break;
  }
  std::swap(dy, x);  // gated: each fits into the other's memory
}

}  // namespace

Mlp::Mlp(std::string name, Shape row, const MlpOptions& options)
    : Layer(std::move(name), row, row),
      place_(options.place),
      tokens_(row[0]),
      width_(row[1]),
      hidden_(options.hidden / place_.size),
      activation_(options.activation),
      up_width_(is_gated(activation_) ? 2 * hidden_ : hidden_),
      norm_(*this, this->name() + "." + Names::kNorm, width_, options.norm, options.bias,
            options.epsilon),
      branch_(*this, {options.dropout, options.norm_behind, options.residual}, options.norm,
              options.epsilon) {
  const bool gated = is_gated(activation_);
  const std::string up = gated ? Names::kGateUp : Names::kUp;
  const std::int64_t hidden = options.hidden, up_width = gated ? 2 * hidden : hidden;
  const Slicing columns = slicing(0, std::vector<std::int64_t>(gated ? 2 : 1, hidden), place_);
  up_weight_ = add_matrix(weight_of(up), {up_width, width_}, options.up.weight, columns);
  up_bias_ =
      options.bias ? add_parameter(bias_of(up), {up_width}, options.up.bias, columns) : kNone;
  down_weight_ = add_matrix(weight_of(Names::kDown), {width_, hidden}, options.down.weight,
                            slicing(1, {hidden}, place_));
  down_bias_ =
      options.bias ? add_parameter(bias_of(Names::kDown), {width_}, options.down.bias) : kNone;
  if (branch_.norm() != nullptr) adopt(*branch_.norm());
}

double Mlp::forward_flop() const {
  return 2.0 * static_cast<double>(tokens_) * static_cast<double>(width_) *
         static_cast<double>((up_width_ + hidden_) * place_.size);
}

std::vector<RemadePart> Mlp::remade_parts() const {
  const std::int64_t elements = tokens_ * up_width_ * place_.size;
  return {{"hidden", 2.0 * static_cast<double>(width_ * elements), elements}};
}

void Mlp::forget(std::size_t, Saved& saved) const { saved[kHidden].reset(); }

void Mlp::remake(const Context& context, std::size_t, Saved& saved) const {
  Ops& ops = context.ops;
  const Tensor& normalized = saved[kNormalized];
  Tensor n(ops.pool(), normalized.shape(), normalized.dtype());
  norm_.replay(ops, normalized, n);
  saved[kHidden] = hidden(ops, n);
}

Tensor Mlp::hidden(Ops& ops, const Tensor& n) const {
  Tensor hidden(ops.pool(), {n.shape()[0], n.shape()[1], up_width_}, n.dtype());
  linear_forward(ops, n, matrix(up_weight_), value(up_bias_), hidden);
  return hidden;
}

Tensor Mlp::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t batch = x.shape()[0], tokens = x.shape()[1], rows = batch * tokens;
  Tensor normalized(ops.pool(), x.shape(), x.dtype()), rstd(ops.pool(), {rows});
  Tensor hidden;
  {
    Tensor n(ops.pool(), x.shape(), x.dtype());
    norm_.forward(ops, x, normalized, rstd.f32(), n);
    hidden = this->hidden(ops, n);
  }
  Tensor activated(ops.pool(), {batch, tokens, hidden_}, x.dtype());
  activate(ops, activation_, hidden, activated);
  saved.make_room(1);
  x = branch_.forward(context, place_, activated, matrix(down_weight_), value(down_bias_),
                      std::move(x), saved.inner(0));
  if (context.mode == Mode::kTrain) {
    saved[kNormalized] = std::move(normalized);
    saved[kRstd] = std::move(rstd);
    saved[kHidden] = std::move(hidden);
  }
  return x;
}

Tensor Mlp::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Ops& ops = context.ops;
  Tensor dbranch = branch_.backward_input(context, dy, saved.inner(0));
  Tensor dhidden(ops.pool(), {dy.shape()[0], dy.shape()[1], hidden_}, dy.dtype());
  linear_backward_input(ops, dbranch.empty() ? dy : dbranch, value(down_weight_), dhidden);
  activate_backward(ops, activation_, dhidden, saved[kHidden]);
  Tensor dx = shared_input_gradient(context, place_, dy.shape(), dhidden, value(up_weight_));
  Tensor norm_gradients = norm_.backward(ops, dx, saved[kNormalized], saved[kRstd].f32(),
                                         branch_.residual() ? ConstMatrix(dy) : nullptr);
  saved[kRstd].reset();
  saved[kOutputGradient] = std::move(dbranch.empty() ? dy : dbranch);
  saved[kHiddenGradient] = std::move(dhidden);
  saved[kNormGradients] = std::move(norm_gradients);
  return dx;
}

void Mlp::backward_weight(const Context& context, Saved& saved) {
  Ops& ops = context.ops;
  linear_backward_weight(ops, saved[kOutputGradient], saved[kHidden], gradient(down_weight_),
                         gradient(down_bias_), context.accumulate);
  Tensor& n = saved[kOutputGradient];  // its memory serves again
  norm_.replay(ops, saved[kNormalized], n);
  linear_backward_weight(ops, saved[kHiddenGradient], n, gradient(up_weight_), gradient(up_bias_),
                         context.accumulate);
  norm_.store(context, saved[kNormGradients]);
  branch_.backward_weight(context, saved.inner(0));
  saved.clear();
}

namespace {

constexpr SizeOption kRatio{"mlp_ratio", "Hidden width as a multiple of the width.", 4},
    kWidth{.name = "mlp_width",
           .meaning = "Hidden width; instead of `mlp_ratio`.",
           .follows = "by `mlp_ratio`"};

}  // namespace

std::vector<LayerOption> mlp_options() {
  return {kRatio,         kWidth,      kActivationOption, kBranchDropout, kNormOption,
          kEpsilonOption, kNormBehind, kBranchResidual,   kBranchBias};
}

MlpOptions read_mlp(LayerOptions& options, const Shape& row, const Starts& starts) {
  MlpOptions made;
  if (options.has(kRatio.name) && options.has(kWidth.name)) {
    options.fail("mlp_ratio and mlp_width are both given; expected one of them");
  }
  made.hidden = options.read(kWidth, options.read(kRatio) * row[1]);
  made.activation = options.read(kActivationOption);
  made.dropout = options.read(kBranchDropout);
  made.norm = read_norm(options);
  made.epsilon = read_epsilon(options);
  made.bias = options.read(kBranchBias) == BranchBias::kAll;
  made.norm_behind = read_norm_behind(options, made.norm);
  made.residual = options.read(kBranchResidual);
  made.up = starts.of(ModelPart::kUp, row[1], made.hidden);
  made.down = starts.of(ModelPart::kDown, made.hidden, row[1]);
  return made;
}

std::unique_ptr<Layer> mlp_of(ModelBuilder& model, LayerOptions& options, const std::string& name,
                              bool residual) {
  MlpOptions made = read_mlp(options, model.row(), model.starts());
  made.place = model.sharing().evenly(options, "the MLP's width", made.hidden);
  made.residual = made.residual && residual;
  return std::make_unique<Mlp>(name, model.row(), made);
}

void make_mlp(ModelBuilder& model, LayerOptions& options) {
  model.add(mlp_of(model, options, model.name(Names::kLayer), /*residual=*/true));
}

}  // namespace pipetrain
