// The MLP half of a pre-norm transformer block: y = x + down(gelu(up(norm(x)))).
#pragma once

#include "nn/norm_parameters.h"

namespace pipetrain {

struct MlpOptions {
  std::int64_t ratio = 4;  // hidden width / C
  float initial_scale = 0.02f;
  float residual_scale = 0.02f;
};

class Mlp : public Layer {
 public:
  // (T, C) -> (T, C)
  Mlp(std::string name, Shape row, const MlpOptions& options);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  double forward_flop() const override;

 private:
  std::int64_t tokens_, width_, hidden_;
  NormParameters norm_;
  std::size_t up_weight_, up_bias_, down_weight_, down_bias_;
};

}  // namespace pipetrain
