#include "nn/layers/attention.h"

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
  // Of rows that come in parts, which have no backward: keys (B, G, D, T), then values (B, G, T,
  // D).
  kKeysAndValues = kQkv
};

enum Part : std::size_t { kQkvPart, kMixedPart };

}  // namespace

Attention::Attention(std::string name, Shape row, const AttentionOptions& options)
    : Layer(std::move(name), row, row),
      place_(options.place),
      tokens_(row[0]),
      width_(row[1]),
      head_width_(width_ / options.heads),
      heads_(options.heads / place_.size),
      kv_heads_((options.kv_heads == 0 ? options.heads : options.kv_heads) / place_.size),
      mixed_width_(heads_ * head_width_),
      qkv_width_((heads_ + 2 * kv_heads_) * head_width_),
      causal_(options.causal),
      dropout_(options.dropout),
      weights_dropout_(options.weights_dropout),
      rotary_(options.rotary),
      norm_(*this, this->name() + "." + Names::kNorm, width_, options.norm, options.bias,
            options.epsilon) {
  const std::int64_t kv = kv_heads_ * head_width_ * place_.size;
  const Slicing heads = slicing(0, {width_, kv, kv}, place_);
  qkv_weight_ =
      add_parameter(weight_of(Names::kQkv), {width_ + 2 * kv, width_}, options.qkv.weight, heads);
  qkv_bias_ = options.bias
                  ? add_parameter(bias_of(Names::kQkv), {width_ + 2 * kv}, options.qkv.bias, heads)
                  : kNone;
  projection_weight_ = add_parameter(weight_of(Names::kProjection), {width_, width_},
                                     options.projection.weight, slicing(1, {width_}, place_));
  projection_bias_ =
      options.bias ? add_parameter(bias_of(Names::kProjection), {width_}, options.projection.bias)
                   : kNone;
}

AttentionShape Attention::shape(const Context& context, const Tensor& x) const {
  return {.batch = x.shape()[0],
          .tokens = x.shape()[1],
          .heads = heads_,
          .head_width = head_width_,
          .causal = causal_,
          .kv_heads = kv_heads_,
          .dropout = dropout_mask(context, name(), "weights", weights_dropout_),
          .first_head = place_.rank * heads_};
}

void Attention::turn(const Context& context, Rotation rotation, Tensor& qkv) const {
  if (rotary_ == nullptr) return;
  const TurnedHeads queries_and_keys{heads_ + kv_heads_, head_width_, qkv.shape()[1],
                                     context.first_token};
  rotate(context.ops, *rotary_, rotation, queries_and_keys, qkv);
}

KeyValueCache Attention::cache(Ops& ops, std::int64_t batch, Saved& saved) const {
  const std::int64_t floats = kv_heads_ * head_width_ * tokens_;
  Tensor& tensor = saved[kKeysAndValues];
  if (tensor.empty()) tensor = Tensor(ops.pool(), {2, batch, floats});
  return {tensor.f32(), tensor.f32() + batch * floats, tokens_};
}

double Attention::forward_flop() const {
  return product_flop(qkv_width_ * place_.size + width_) + mixing_flop();
}

double Attention::product_flop(std::int64_t columns) const {
  return 2.0 * static_cast<double>(tokens_ * width_) * static_cast<double>(columns);
}

double Attention::mixing_flop() const {
  return (causal_ ? 2.0 : 4.0) * static_cast<double>(tokens_ * tokens_ * width_);
}

std::vector<RemadePart> Attention::remade_parts() const {
  const std::int64_t qkv = qkv_width_ * place_.size;
  return {{"qkv", product_flop(qkv), tokens_ * qkv}, {"mixed", mixing_flop(), tokens_ * width_}};
}

void Attention::forget(std::size_t part, Saved& saved) const {
  saved[part == kQkvPart ? kQkv : kMixed].reset();
}

void Attention::remake(const Context& context, std::size_t part, Saved& saved) const {
  Ops& ops = context.ops;
  const Tensor& normalized = saved[kNormalized];
  if (part == kQkvPart) {
    Tensor n(ops.pool(), normalized.shape(), normalized.dtype());
    norm_.replay(ops, normalized, n);
    saved[kQkv] = qkv(context, n);
    return;
  }
  const Tensor& qkv = saved[kQkv];
  Tensor mixed(ops.pool(), {qkv.shape()[0], tokens_, mixed_width_}, qkv.dtype());
  attention_forward(ops, shape(context, qkv), qkv, mixed, saved[kLogSumExp].f32());
  saved[kMixed] = std::move(mixed);
}

Tensor Attention::qkv(const Context& context, const Tensor& n) const {
  Tensor qkv(context.ops.pool(), {n.shape()[0], n.shape()[1], qkv_width_}, n.dtype());
  linear_forward(context.ops, n, value(qkv_weight_), value(qkv_bias_), qkv);
  turn(context, Rotation::kForward, qkv);
  return qkv;
}

Tensor Attention::forward(const Context& context, Tensor x, Saved& saved) {
  Ops& ops = context.ops;
  const std::int64_t batch = x.shape()[0], tokens = x.shape()[1], rows = batch * tokens;
  Tensor normalized(ops.pool(), x.shape(), x.dtype()), rstd(ops.pool(), {rows});
  Tensor qkv;
  {
    Tensor n(ops.pool(), x.shape(), x.dtype());
    norm_.forward(ops, x, normalized, rstd.f32(), n);
    qkv = this->qkv(context, n);
  }
  Tensor mixed(ops.pool(), {batch, tokens, mixed_width_}, x.dtype());
  Tensor log_sum_exp(ops.pool(), {batch, heads_, tokens});
  if (context.in_parts) {
    attention_continue(ops, shape(context, x), cache(ops, batch, saved), context.first_token, qkv,
                       mixed);
  } else {
    attention_forward(ops, shape(context, x), qkv, mixed, log_sum_exp.f32());
  }
  add_dropped_linear(context, place_, output_mask(context), mixed, value(projection_weight_),
                     value(projection_bias_), x);
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
  Tensor dropped = dropped_copy(ops, output_mask(context), dy);
  Tensor dqkv(ops.pool(), saved[kQkv].shape(), dy.dtype());
  {
    Tensor dmixed(ops.pool(), saved[kMixed].shape(), dy.dtype());
    linear_backward_input(ops, dropped.empty() ? dy : dropped, value(projection_weight_), dmixed);
    attention_backward(ops, shape(context, dy), saved[kQkv], saved[kMixed], saved[kLogSumExp].f32(),
                       dmixed, dqkv);
  }
  turn(context, Rotation::kBack, dqkv);
  saved[kQkv].reset();
  saved[kLogSumExp].reset();
  Tensor dx = shared_input_gradient(context, place_, dy.shape(), dqkv, value(qkv_weight_));
  Tensor norm_gradients = norm_.backward(ops, dx, saved[kNormalized], saved[kRstd].f32(), dy);
  saved[kRstd].reset();
  saved[kOutputGradient] = std::move(dropped.empty() ? dy : dropped);
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
  saved.clear();
}

namespace {

constexpr SizeOption kHeads{"heads", "Query heads; they divide the width."},
    kKvHeads{.name = "kv_heads",
             .meaning = "Heads of keys and values; they divide `heads`.",
             .follows = "`heads`"};
constexpr FlagOption kCausal{"causal", "A token sees only itself and those before it.", true};

constexpr std::int64_t kMostRotaryEntries = std::int64_t{1} << 27;  // 512 MiB

std::shared_ptr<const RotaryTable> read_positions(
    LayerOptions& options, const Shape& row, std::int64_t heads,
    const std::shared_ptr<const RotaryTable>& before) {
  const bool rotary = options.read(kPositionsOption) == PositionKind::kRotary;
  const double theta = options.read(kThetaOption);
  if (!rotary) {
    if (options.has(kThetaOption.name))
      options.fail("theta is of rotary positions; add positions: rotary");
    return nullptr;
  }
  const std::int64_t head_width = row[1] / heads;
  if (head_width % 2 != 0) {
    options.fail("positions: rotary turns pairs, but a head has " + std::to_string(head_width) +
                 " entries (width " + std::to_string(row[1]) + " / heads " + std::to_string(heads) +
                 "); expected an even number");
  }
  if (row[0] > kMostRotaryEntries / head_width) {
    options.fail("positions: rotary of " + std::to_string(row[0]) + " tokens x " +
                 std::to_string(head_width) + " entries a head take a table of more than " +
                 std::to_string(kMostRotaryEntries) + " numbers; lower data.sequence_length");
  }
  const RotaryAngles angles{row[0], head_width, theta};
  const bool serves = before != nullptr && before->angles() == angles;
  return serves ? before : std::make_shared<RotaryTable>(angles);
}

}  // namespace

AttentionOptions read_attention(LayerOptions& options, const Shape& row, const Starts& starts,
                                std::shared_ptr<const RotaryTable>& rotary) {
  AttentionOptions made;
  made.heads = options.read(kHeads);
  made.kv_heads = options.read(kKvHeads, made.heads);
  made.causal = options.read(kCausal);
  made.dropout = options.read(kBranchDropout);
  made.weights_dropout = options.read(kWeightsDropoutOption, made.dropout);
  made.norm = read_norm(options);
  made.epsilon = read_epsilon(options);
  made.bias = options.read(kBranchBias);
  if (row[1] % made.heads != 0) {
    options.fail("heads " + std::to_string(made.heads) + " do not divide the width " +
                 std::to_string(row[1]));
  }
  if (made.heads % made.kv_heads != 0) {
    options.fail("kv_heads " + std::to_string(made.kv_heads) + " do not divide the heads " +
                 std::to_string(made.heads));
  }
  const std::int64_t kv_width = row[1] / made.heads * made.kv_heads;
  made.qkv = starts.of(ModelPart::kQkv, row[1], row[1] + 2 * kv_width);
  made.projection = starts.of(ModelPart::kProjection, row[1], row[1]);
  made.rotary = read_positions(options, row, made.heads, rotary);
  if (made.rotary != nullptr) rotary = made.rotary;
  return made;
}

std::vector<LayerOption> attention_options() {
  return {kHeads,      kKvHeads,       kCausal,     kBranchDropout,   kWeightsDropoutOption,
          kNormOption, kEpsilonOption, kBranchBias, kPositionsOption, kThetaOption};
}

void make_attention(ModelBuilder& model, LayerOptions& options) {
  AttentionOptions made = read_attention(options, model.row(), model.starts(), model.rotary());
  made.place = model.sharing().evenly(options, "heads", made.heads);
  model.sharing().evenly(options, "kv_heads", made.kv_heads);
  model.add(std::make_unique<Attention>(model.name(Names::kLayer), model.row(), made));
}

}  // namespace pipetrain
