// Dropout (Srivastava et al., JMLR 15, 2014): in training an entry becomes 0 with probability
// `rate`, and 1 / (1 - rate) of itself otherwise. Which it is follows from the seed, the layer's
// name, the step, the global row and the entry's place alone: the same on every number of ranks,
// and again when the forward is recomputed.
#pragma once

#include "nn/layer.h"

namespace pipetrain {

class Dropout : public Layer {
 public:
  // Any row -> the same
  Dropout(std::string name, Shape row, double rate)
      : Layer(std::move(name), row, row), rate_(rate) {}

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context&, Saved& saved) override { saved.clear(); }

 private:
  void apply(const Context& context, const Tensor& mask, Tensor& x) const;

  double rate_;
};

}  // namespace pipetrain
