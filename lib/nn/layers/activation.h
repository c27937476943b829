// An activation function as a layer of its own, entry by entry: ReLU (Nair and Hinton, ICML 2010),
// GELU in its tanh form (Hendrycks and Gimpel, arXiv:1606.08415), SiLU (Elfwing et al.,
// arXiv:1702.03118) or tanh.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "nn/layer.h"

namespace pipetrain {

enum class ActivationKind : std::uint8_t { kRelu, kGelu, kSilu, kTanh };

class Activation : public Layer {
 public:
  // Any row -> the same
  Activation(std::string name, Shape row, ActivationKind kind)
      : Layer(std::move(name), row, row), kind_(kind) {}

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context&, Saved& saved) override { saved.clear(); }
  Reach reach() const override { return Reach::kToken; }

 private:
  ActivationKind kind_;
};

}  // namespace pipetrain
