// The attention half of a pre-norm transformer block: y = x + projection(attention(qkv(norm(x)))).
#pragma once

#include "nn/norm_parameters.h"
#include "ops/attention.h"

namespace pipetrain {

struct AttentionOptions {
  std::int64_t heads = 1;
  bool causal = true;
  float initial_scale = 0.02f;
  float residual_scale = 0.02f;  // of the projection: 0.02 / sqrt(residual layers), as GPT-2
};

class Attention : public Layer {
 public:
  // (T, C) -> (T, C)
  Attention(std::string name, Shape row, const AttentionOptions& options);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  double forward_flop() const override;

 private:
  AttentionShape shape(std::int64_t rows) const;

  std::int64_t tokens_, width_, heads_;
  bool causal_;
  NormParameters norm_;
  std::size_t qkv_weight_, qkv_bias_, projection_weight_, projection_bias_;
};

}  // namespace pipetrain
