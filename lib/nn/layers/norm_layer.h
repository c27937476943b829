// Layer norm (Ba et al., arXiv:1607.06450) or RMS norm (Zhang and Sennrich, arXiv:1910.07467) as a
// layer of its own, over the last axis.
#pragma once

#include <string>

#include "nn/norm.h"

namespace pipetrain {

class NormLayer : public Layer {
 public:
  // (..., C) -> (..., C)
  NormLayer(std::string name, Shape row, NormKind kind, float epsilon = kNormEpsilon);

  // Ranks that share the layer have each some rows: they sum the parameters' gradients.
  void share_rows() { shared_rows_ = true; }

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  Reach reach() const override { return Reach::kToken; }

 private:
  Norm norm_;
  bool shared_rows_ = false;
};

}  // namespace pipetrain
