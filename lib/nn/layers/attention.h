// The attention half of a pre-norm transformer block (Xiong et al., arXiv:2002.04745, figure 1b):
// y = x + projection(attention(rotate(qkv(norm(x))))), with dropout of the attention's weights and
// of what is added to x; each head of queries and keys may have a norm of its own before it is
// turned (Henry et al., arXiv:2010.04245). Ranks that share the layer have each some heads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/layer.h"
#include "nn/layers/attention_options.h"
#include "nn/layers/branch.h"
#include "nn/layers/norm_layer.h"
#include "ops/attention/attention.h"
#include "ops/rotary.h"

namespace pipetrain {

class ModelBuilder;

// The layer's name and those of its norms and products; each has a weight and may have a bias.
struct AttentionNames {
  static constexpr const char *kLayer = "attention", *kNorm = "norm", *kQkv = "qkv",
                              *kProjection = "projection", *kQueryNorm = "query_norm",
                              *kKeyNorm = "key_norm";
};

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
  double forward_flop_of_first(std::int64_t tokens) const override;
  bool attends() const override { return true; }
  GroupSums group_sums() const override { return {2, input_row().elements()}; }
  bool separates_documents() const override { return true; }
  Reach reach() const override { return causal_ ? Reach::kPast : Reach::kRow; }

 private:
  AttentionShape shape(const Context& context, const Tensor& x) const;  // x (B, T, ...)
  // n (B, T, C), the norm's output
  Tensor qkv(const Context& context, const Tensor& n, Saved& saved) const;
  template <class Work>
  void for_normed_heads(Ops& ops, Tensor& qkv, Saved& saved, const Work& work) const;
  double product_flop(std::int64_t columns) const;  // of (T, C) with (C, columns)
  double mixing_flop() const;                       // of scores and weighted values
  double mixing_flop_of_first(std::int64_t tokens) const;
  // Queries and keys of qkv (B, T, H + 2 G, D), if positions are rotary.
  void turn(const Context& context, Rotation rotation, Tensor& qkv) const;

  TensorPlace place_;
  std::int64_t tokens_, width_, head_width_;  // T, C, D
  std::int64_t heads_, kv_heads_;             // H and G, those of this rank
  std::int64_t mixed_width_, qkv_width_;      // H D, (H + 2 G) D
  bool causal_;
  std::int64_t window_;
  float score_width_, score_cap_;
  double weights_dropout_;
  std::shared_ptr<const RotaryTable> rotary_;
  Norm norm_;
  Branch branch_;
  std::unique_ptr<NormLayer> query_norm_, key_norm_;  // both or none
  std::size_t qkv_weight_, qkv_bias_, projection_weight_, projection_bias_;
};

// By the options of an entry, for the next layer of the model or one that it is made of.
std::unique_ptr<Layer> attention_of(ModelBuilder& model, LayerOptions& options,
                                    const std::string& name);

}  // namespace pipetrain
