#include "nn/layers/attention.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nn/layer_options.h"
#include "nn/layers/earlier_slices.h"
#include "nn/layers/key_value_rows.h"
#include "nn/layers/model_builder.h"
#include "nn/layers/shared_product.h"
#include "nn/tensor_names.h"
#include "ops/entrywise.h"
#include "ops/linear.h"

namespace pipetrain {
namespace {

using Names = AttentionNames;

// From forward: normalized (B, T, C), rstd (B*T), qkv (B, T, H + 2 G, D) with queries and keys
// turned, mixed (B, T, H D), log-sum-exp (B, H, T). For backward_weight: normalized, mixed, and the
// gradients of the projection, qkv (in its own slot) and norm.
enum Slot {
  kNormalized,
  kRstd,
  kQkv,
  kMixed,
  kLogSumExp,
  kOutputGradient,
  kQkvGradient,
  kNormGradients,
  // Of rows that come in parts, which have no backward (key_value_rows.h).
  kKeysAndValues = kQkv,
  // Of a slice of rows, until its own backward: what the slices behind it have added up for its
  // keys and values, float32 (B, T, 2, G, D).
  kLaterGradients = kQkvGradient
};

constexpr SliceSlots kKeptSlots{kQkv, kLaterGradients};

enum Part : std::size_t { kQkvPart, kMixedPart };

// The norms of a head and behind the projection keep what they need in a Saved of their own.
enum Inner : std::size_t { kQueryNorm, kKeyNorm, kNormBehind, kInnerNorms };

}  // namespace

Attention::Attention(std::string name, Shape row, const AttentionOptions& options)
    : Layer(std::move(name), row, row),
      place_(options.place),
      tokens_(row[0]),
      width_(row[1]),
      head_width_(options.head_width == 0 ? width_ / options.heads : options.head_width),
      heads_(options.heads / place_.size),
      kv_heads_((options.kv_heads == 0 ? options.heads : options.kv_heads) / place_.size),
      mixed_width_(heads_ * head_width_),
      qkv_width_((heads_ + 2 * kv_heads_) * head_width_),
      causal_(options.causal),
      window_(options.window),
      score_width_(options.score_width),
      score_cap_(options.score_cap),
      weights_dropout_(options.weights_dropout),
      rotary_(options.rotary),
      norm_(*this, this->name() + "." + Names::kNorm, width_, options.norm, options.bias,
            options.epsilon),
      branch_(*this, {options.dropout, options.norm_behind, options.residual}, options.norm,
              options.epsilon) {
  const std::int64_t mixed = mixed_width_ * place_.size;
  const std::int64_t kv = kv_heads_ * head_width_ * place_.size;
  const Slicing heads = slicing(0, {mixed, kv, kv}, place_);
  qkv_weight_ =
      add_matrix(weight_of(Names::kQkv), {mixed + 2 * kv, width_}, options.qkv.weight, heads);
  qkv_bias_ = options.bias || options.qkv_bias
                  ? add_parameter(bias_of(Names::kQkv), {mixed + 2 * kv}, options.qkv.bias, heads)
                  : kNone;
  projection_weight_ = add_matrix(weight_of(Names::kProjection), {width_, mixed},
                                  options.projection.weight, slicing(1, {mixed}, place_));
  projection_bias_ =
      options.bias ? add_parameter(bias_of(Names::kProjection), {width_}, options.projection.bias)
                   : kNone;
  if (options.head_norms) {
    const auto norm_of_heads = [&](const char* own) {
      auto norm = std::make_unique<NormLayer>(this->name() + "." + own, Shape{head_width_},
                                              NormKind::kRms, options.epsilon);
      if (!place_.alone()) norm->share_rows();
      adopt(*norm);
      return norm;
    };
    query_norm_ = norm_of_heads(Names::kQueryNorm);
    key_norm_ = norm_of_heads(Names::kKeyNorm);
  }
  if (branch_.norm() != nullptr) adopt(*branch_.norm());
}

AttentionShape Attention::shape(const Context& context, const Tensor& x) const {
  return {.batch = x.shape()[0],
          .tokens = x.shape()[1],
          .heads = heads_,
          .head_width = head_width_,
          .causal = causal_,
          .kv_heads = kv_heads_,
          .dropout = dropout_mask(context, name(), "weights", weights_dropout_),
          .first_head = place_.rank * heads_,
          .window = window_,
          .score_width = score_width_,
          .score_cap = score_cap_,
          .document_starts = context.document_starts,
          .past = context.in_parts ? 0 : context.first_token,
          .row_tokens = tokens_};
}

// work(norm, its heads (rows * heads, D), its Saved) in place of the heads of queries, then of
// keys.
template <class Work>
void Attention::for_normed_heads(Ops& ops, Tensor& qkv, Saved& saved, const Work& work) const {
  if (query_norm_ == nullptr) return;
  const std::int64_t rows = qkv.shape().rows();
  const auto on = [&](NormLayer& norm, std::int64_t first, std::int64_t heads, Saved& own) {
    const std::int64_t column = first * head_width_, columns = heads * head_width_;
    Tensor part(ops.pool(), {rows * heads, head_width_}, qkv.dtype());
    copy_columns(ops, {ConstMatrix(qkv), column}, {Matrix(part).in_rows(rows), 0}, columns);
    part = work(norm, std::move(part), own);
    copy_columns(ops, {ConstMatrix(part).in_rows(rows), 0}, {Matrix(qkv), column}, columns);
  };
  on(*query_norm_, 0, heads_, saved.inner(kQueryNorm));
  on(*key_norm_, heads_, kv_heads_, saved.inner(kKeyNorm));
}

void Attention::turn(const Context& context, Rotation rotation, Tensor& qkv) const {
  if (rotary_ == nullptr) return;
  const TurnedHeads queries_and_keys{heads_ + kv_heads_, head_width_, qkv.shape()[1],
                                     context.first_token, context.document_starts};
  rotate(context.ops, *rotary_, rotation, queries_and_keys, qkv);
}

double Attention::forward_flop() const {
  return product_flop((qkv_width_ + mixed_width_) * place_.size) + mixing_flop();
}

double Attention::forward_flop_of_first(std::int64_t tokens) const {
  const double share = static_cast<double>(tokens) / static_cast<double>(tokens_);
  return share * (forward_flop() - mixing_flop()) + mixing_flop_of_first(tokens);
}

double Attention::product_flop(std::int64_t columns) const {
  return 2.0 * static_cast<double>(tokens_ * width_) * static_cast<double>(columns);
}

double Attention::mixing_flop() const { return mixing_flop_of_first(tokens_); }

double Attention::mixing_flop_of_first(std::int64_t tokens) const {
  const std::int64_t hidden = window_ == 0 ? 0 : std::max<std::int64_t>(tokens - window_, 0);
  const std::int64_t pairs = tokens * tokens - hidden * hidden;
  return (causal_ ? 2.0 : 4.0) * static_cast<double>(pairs * mixed_width_ * place_.size);
}

std::vector<RemadePart> Attention::remade_parts() const {
  const std::int64_t qkv = qkv_width_ * place_.size;
  const std::int64_t kept = query_norm_ == nullptr ? 0 : heads_ + kv_heads_;  // before their norm
  return {{"qkv", product_flop(qkv), tokens_ * (qkv + kept * head_width_ * place_.size),
           /*seen_later=*/true},
          {"mixed", mixing_flop(), tokens_ * mixed_width_ * place_.size}};
}

void Attention::forget(std::size_t part, Saved& saved) const {
  saved[part == kQkvPart ? kQkv : kMixed].reset();
  if (part == kQkvPart && query_norm_ != nullptr) {
    for (const std::size_t norm : {kQueryNorm, kKeyNorm}) saved.inner(norm).clear();
  }
}

void Attention::remake(const Context& context, std::size_t part, Saved& saved) const {
  Ops& ops = context.ops;
  const Tensor& normalized = saved[kNormalized];
  if (part == kQkvPart) {
    Tensor n(ops.pool(), normalized.shape(), normalized.dtype());
    norm_.replay(ops, normalized, n);
    saved[kQkv] = qkv(context, n, saved);
    return;
  }
  const Tensor& qkv = saved[kQkv];
  Tensor mixed(ops.pool(), {qkv.shape()[0], qkv.shape()[1], mixed_width_}, qkv.dtype());
  attention_forward(ops, shape(context, qkv), qkv, mixed, saved[kLogSumExp].f32(),
                    earlier_slices(saved, kKeptSlots));
  saved[kMixed] = std::move(mixed);
}

Tensor Attention::qkv(const Context& context, const Tensor& n, Saved& saved) const {
  Tensor qkv(context.ops.pool(), {n.shape()[0], n.shape()[1], qkv_width_}, n.dtype());
  linear_forward(context.ops, n, matrix(qkv_weight_), value(qkv_bias_), qkv);
  for_normed_heads(context.ops, qkv, saved, [&](NormLayer& norm, Tensor heads, Saved& own) {
    return norm.forward(context, std::move(heads), own);
  });
  turn(context, Rotation::kForward, qkv);
  return qkv;
}

Tensor Attention::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t batch = x.shape()[0], tokens = x.shape()[1], rows = batch * tokens;
  saved.make_room(kInnerNorms);
  Tensor normalized(ops.pool(), x.shape(), x.dtype()), rstd(ops.pool(), {rows});
  Tensor qkv;
  {
    Tensor n(ops.pool(), x.shape(), x.dtype());
    norm_.forward(ops, x, normalized, rstd.f32(), n);
    qkv = this->qkv(context, n, saved);
  }
  Tensor mixed(ops.pool(), {batch, tokens, mixed_width_}, x.dtype());
  Tensor log_sum_exp(ops.pool(), {batch, heads_, tokens});
  if (context.in_parts) {
    const RowsToKeep kept{{context.first_row, batch}, context.first_token + tokens, tokens_};
    attention_continue(
        ops, shape(context, x),
        key_value_rows(ops.pool(), {kv_heads_, head_width_}, kept, saved[kKeysAndValues]),
        context.first_token, qkv, mixed);
  } else {
    attention_forward(ops, shape(context, x), qkv, mixed, log_sum_exp.f32(),
                      earlier_slices(saved, kKeptSlots));
  }
  x = branch_.forward(context, place_, mixed, matrix(projection_weight_), value(projection_bias_),
                      std::move(x), saved.inner(kNormBehind));
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
  Tensor dbranch = branch_.backward_input(context, dy, saved.inner(kNormBehind));
  make_room_for_gradients(ops, saved, kKeptSlots, 2 * kv_heads_ * head_width_);
  const std::vector<EarlierSlice> earlier = earlier_slices(saved, kKeptSlots);
  Tensor later = std::move(saved[kLaterGradients]);
  Tensor dqkv = std::move(saved[kQkv]);  // qkv at first: the gradient takes its place
  {
    Tensor dmixed(ops.pool(), saved[kMixed].shape(), dy.dtype());
    linear_backward_input(ops, dbranch.empty() ? dy : dbranch, value(projection_weight_), dmixed);
    attention_backward(ops, shape(context, dy), dqkv, saved[kMixed], saved[kLogSumExp].f32(),
                       dmixed, dqkv, earlier, later.empty() ? nullptr : later.f32());
  }
  later.reset();
  turn(context, Rotation::kBack, dqkv);
  for_normed_heads(ops, dqkv, saved, [&](NormLayer& norm, Tensor heads, Saved& own) {
    return norm.backward_input(context, std::move(heads), own);
  });
  saved[kLogSumExp].reset();
  Tensor dx = shared_input_gradient(context, place_, dy.shape(), dqkv, value(qkv_weight_));
  Tensor norm_gradients = norm_.backward(ops, dx, saved[kNormalized], saved[kRstd].f32(),
                                         branch_.residual() ? ConstMatrix(dy) : nullptr);
  saved[kRstd].reset();
  saved[kOutputGradient] = std::move(dbranch.empty() ? dy : dbranch);
  saved[kQkvGradient] = std::move(dqkv);
  saved[kNormGradients] = std::move(norm_gradients);
  return dx;
}

void Attention::backward_weight(const Context& context, Saved& saved) {
  Ops& ops = context.ops;
  linear_backward_weight(ops, saved[kOutputGradient], saved[kMixed], gradient(projection_weight_),
                         gradient(projection_bias_), context.accumulate);
  Tensor& n = saved[kOutputGradient];  // its memory serves again
  norm_.replay(ops, saved[kNormalized], n);
  linear_backward_weight(ops, saved[kQkvGradient], n, gradient(qkv_weight_), gradient(qkv_bias_),
                         context.accumulate);
  norm_.store(context, saved[kNormGradients]);
  branch_.backward_weight(context, saved.inner(kNormBehind));
  if (query_norm_ != nullptr) {
    query_norm_->backward_weight(context, saved.inner(kQueryNorm));
    key_norm_->backward_weight(context, saved.inner(kKeyNorm));
  }
  saved.clear();
}

std::unique_ptr<Layer> attention_of(ModelBuilder& model, LayerOptions& options,
                                    const std::string& name) {
  AttentionOptions made = read_attention(options, model.row(), model.starts(), model.rotary());
  made.place = model.sharing().evenly(options, "heads", made.heads);
  model.sharing().evenly(options, "kv_heads", made.kv_heads);
  return std::make_unique<Attention>(name, model.row(), made);
}

void make_attention(ModelBuilder& model, LayerOptions& options) {
  model.add(attention_of(model, options, model.name(Names::kLayer)));
}

}  // namespace pipetrain
