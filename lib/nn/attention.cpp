#include "nn/attention.h"

#include "ops/linear.h"
#include "ops/normalization.h"

namespace pipetrain {
namespace {

// From forward: normalized (B, T, C), rstd (B*T), qkv (B, T, 3, H, D), mixed (B, T, C), log-sum-exp
// (B, H, T). For backward_weight: normalized, mixed, and the gradients of y, qkv (in its own slot)
// and norm (2, C).
enum Slot {
  kNormalized,
  kRstd,
  kQkv,
  kMixed,
  kLogSumExp,
  kOutputGradient,
  kQkvGradient,
  kNormGradients
};

}  // namespace

Attention::Attention(std::string name, Shape row, const AttentionOptions& options)
    : Layer(std::move(name), row, row),
      tokens_(row[0]),
      width_(row[1]),
      heads_(options.heads),
      causal_(options.causal) {
  const Initial zero{}, one{Initial::Kind::kConstant, 1.0f};
  norm_.gamma = add_parameter("norm.weight", {width_}, one);
  norm_.beta = add_parameter("norm.bias", {width_}, zero);
  qkv_weight_ = add_parameter("qkv.weight", {3 * width_, width_},
                              {Initial::Kind::kNormal, options.initial_scale});
  qkv_bias_ = add_parameter("qkv.bias", {3 * width_}, zero);
  projection_weight_ = add_parameter("projection.weight", {width_, width_},
                                     {Initial::Kind::kNormal, options.residual_scale});
  projection_bias_ = add_parameter("projection.bias", {width_}, zero);
}

AttentionShape Attention::shape(std::int64_t rows) const {
  return {rows, tokens_, heads_, width_ / heads_, causal_};
}

double Attention::forward_flop() const {
  const auto T = static_cast<double>(tokens_), C = static_cast<double>(width_);
  return T * (8 * C * C + (causal_ ? 2 : 4) * T * C);
}

Tensor Attention::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t batch = x.shape()[0], rows = batch * tokens_;
  Tensor normalized(ops.pool(), x.shape()), rstd(ops.pool(), {rows});
  Tensor qkv(ops.pool(), {batch, tokens_, 3 * width_});
  {
    Tensor n(ops.pool(), x.shape());
    layer_norm_forward(ops, rows, width_, x.f32(), value(norm_.gamma), value(norm_.beta),
                       normalized.f32(), rstd.f32(), n.f32());
    linear_forward(ops, rows, width_, 3 * width_, n.f32(), value(qkv_weight_), value(qkv_bias_),
                   qkv.f32());
  }
  Tensor mixed(ops.pool(), x.shape()), log_sum_exp(ops.pool(), {batch, heads_, tokens_});
  attention_forward(ops, shape(batch), qkv.f32(), mixed.f32(), log_sum_exp.f32());
  linear_forward(ops, rows, width_, width_, mixed.f32(), value(projection_weight_),
                 value(projection_bias_), x.f32(), /*accumulate=*/true);
  if (context.mode == Mode::kTrain) {
    saved[kNormalized] = std::move(normalized);
    saved[kRstd] = std::move(rstd);
    saved[kQkv] = std::move(qkv);
    saved[kMixed] = std::move(mixed);
    saved[kLogSumExp] = std::move(log_sum_exp);
  }
  return x;
}

Tensor Attention::backward_input(const Context& context, Tensor dy, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t batch = dy.shape()[0], rows = batch * tokens_;
  Tensor dqkv(ops.pool(), saved[kQkv].shape());
  {
    Tensor dmixed(ops.pool(), dy.shape());
    linear_backward_input(ops, rows, width_, width_, dy.f32(), value(projection_weight_),
                          dmixed.f32());
    attention_backward(ops, shape(batch), saved[kQkv].f32(), saved[kMixed].f32(),
                       saved[kLogSumExp].f32(), dmixed.f32(), dqkv.f32());
  }
  saved[kQkv].reset();
  saved[kLogSumExp].reset();
  Tensor dx(ops.pool(), dy.shape()), norm_gradients(ops.pool(), {2, width_});
  linear_backward_input(ops, rows, width_, 3 * width_, dqkv.f32(), value(qkv_weight_), dx.f32());
  layer_norm_backward(ops, rows, width_, dx.f32(), saved[kNormalized].f32(), value(norm_.gamma),
                      saved[kRstd].f32(), dy.f32(), norm_gradients.f32(),
                      norm_gradients.f32() + width_);
  saved[kRstd].reset();
  saved[kOutputGradient] = std::move(dy);
  saved[kQkvGradient] = std::move(dqkv);
  saved[kNormGradients] = std::move(norm_gradients);
  return dx;
}

void Attention::backward_weight(const Context& context, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t rows = saved[kOutputGradient].shape().rows();
  linear_backward_weight(ops, rows, width_, width_, saved[kOutputGradient].f32(),
                         saved[kMixed].f32(), gradient(projection_weight_),
                         gradient(projection_bias_), context.accumulate);
  Tensor& n = saved[kMixed];  // its memory serves again
  layer_norm_replay(ops, rows, width_, saved[kNormalized].f32(), value(norm_.gamma),
                    value(norm_.beta), n.f32());
  linear_backward_weight(ops, rows, width_, 3 * width_, saved[kQkvGradient].f32(), n.f32(),
                         gradient(qkv_weight_), gradient(qkv_bias_), context.accumulate);
  store_norm_gradients(context, saved[kNormGradients], gradient(norm_.gamma), gradient(norm_.beta));
  saved.clear();
}

}  // namespace pipetrain
