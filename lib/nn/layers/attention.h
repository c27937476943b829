// The attention half of a pre-norm transformer block (Xiong et al., arXiv:2002.04745, figure 1b):
// y = x + projection(attention(rotate(qkv(norm(x))))), with dropout of the attention's weights and
// of what is added to x. Ranks that share the layer have each some heads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/table.h"
#include "nn/layer_options.h"
#include "nn/layers/dropout.h"
#include "nn/norm.h"
#include "nn/starting_values.h"
#include "ops/attention.h"
#include "ops/rotary.h"

namespace pipetrain {

struct AttentionOptions {
  std::int64_t heads = 1;
  std::int64_t kv_heads = 0;  // heads of keys and values, G, which divide `heads`; 0: as many
  bool causal = true;
  double dropout = 0;          // rate, of what is added to x
  double weights_dropout = 0;  // of the attention's weights
  NormKind norm = NormKind::kLayer;
  float epsilon = kNormEpsilon;               // of the norm
  bool bias = true;                           // of the norm and of the products
  std::shared_ptr<const RotaryTable> rotary;  // for at least the row's tokens; null: no rotation
  Start qkv, projection;
  TensorPlace place;  // its size divides heads and kv_heads
};

enum class PositionKind : std::uint8_t { kLearned, kRotary };

inline constexpr Choice<PositionKind> kPositionKinds[] = {
    {PositionKind::kLearned, "learned", "Those that the embedding adds."},
    {PositionKind::kRotary, "rotary",
     "Queries and keys are turned by their positions; the embedding then takes `positions: none`."},
};

// Options that a decoder is written with, too.
inline constexpr RateOption kWeightsDropoutOption{
    .name = "attention_dropout",
    .meaning = "Rate at which the attention's weights are dropped.",
    .follows = "`dropout`"};
inline constexpr ChoiceOption<PositionKind> kPositionsOption{
    "positions", "How places differ.", kPositionKinds, PositionKind::kLearned};
inline constexpr NumberOption kThetaOption{"theta", "Base of the rotary angles.", 10000};

// The layer's name and those of its norm and products; each has a weight and may have a bias.
struct AttentionNames {
  static constexpr const char *kLayer = "attention", *kNorm = "norm", *kQkv = "qkv",
                              *kProjection = "projection";
};

// row (T, C). `rotary` is the table of the layers before, which is taken if it serves, else
// replaced. Error(kConfiguration) for what does not fit.
AttentionOptions read_attention(LayerOptions& options, const Shape& row, const Starts& starts,
                                std::shared_ptr<const RotaryTable>& rotary);

class Attention : public Layer {
 public:
  // (T, C) -> (T, C)
  Attention(std::string name, Shape row, const AttentionOptions& options);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  // kQkvPart: queries, keys and values; kMixedPart: the attention's output.
  std::vector<RemadePart> remade_parts() const override;
  void forget(std::size_t part, Saved& saved) const override;
  void remake(const Context& context, std::size_t part, Saved& saved) const override;
  double forward_flop() const override;
  bool attends() const override { return true; }
  GroupSums group_sums() const override { return {2, input_row().elements()}; }
  Reach reach() const override { return causal_ ? Reach::kPast : Reach::kRow; }

 private:
  AttentionShape shape(const Context& context, const Tensor& x) const;  // x (B, T, ...)
  DropoutMask output_mask(const Context& context) const {
    return dropout_mask(context, name(), "output", dropout_);
  }
  Tensor qkv(const Context& context, const Tensor& n) const;  // n (B, T, C), the norm's output
  double product_flop(std::int64_t columns) const;            // of (T, C) with (C, columns)
  double mixing_flop() const;                                 // of scores and weighted values
  // Queries and keys of qkv (B, T, H + 2 G, D), if positions are rotary.
  void turn(const Context& context, Rotation rotation, Tensor& qkv) const;
  // This layer's, made at its first use.
  KeyValueCache cache(Ops& ops, std::int64_t batch, Saved& saved) const;

  TensorPlace place_;
  std::int64_t tokens_, width_, head_width_;  // T, C, D
  std::int64_t heads_, kv_heads_;             // H and G, those of this rank
  std::int64_t mixed_width_, qkv_width_;      // H D, (H + 2 G) D
  bool causal_;
  double dropout_, weights_dropout_;
  std::shared_ptr<const RotaryTable> rotary_;
  Norm norm_;
  std::size_t qkv_weight_, qkv_bias_, projection_weight_, projection_bias_;
};

}  // namespace pipetrain
