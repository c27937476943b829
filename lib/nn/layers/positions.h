// The pixels of an image as tokens, each with a learned position added, then dropout: what follows
// the patches of a vision transformer (Dosovitskiy et al., arXiv:2010.11929, equation 1).
#pragma once

#include <cstddef>
#include <string>

#include "nn/layer.h"

namespace pipetrain {

class Positions : public Layer {
 public:
  // (H, W, C) -> (H W, C), or (T, C) -> the same
  Positions(std::string name, Shape row, const Initial& initial, double dropout = 0);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;
  Reach reach() const override { return input_row().rank() == 2 ? Reach::kToken : Reach::kRow; }

 private:
  std::size_t positions_;
  double dropout_;
};

}  // namespace pipetrain
