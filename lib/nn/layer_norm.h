// Layer norm as a layer of its own (Ba et al., arXiv:1607.06450), over the last axis.
#pragma once

#include "nn/norm_parameters.h"

namespace pipetrain {

class LayerNorm : public Layer {
 public:
  // (..., C) -> (..., C)
  LayerNorm(std::string name, Shape row);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;

 private:
  std::int64_t width_;
  NormParameters norm_;
};

}  // namespace pipetrain
