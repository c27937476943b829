// A learned token before those of each row, whose place the head of a vision transformer looks at
// (Dosovitskiy et al., arXiv:2010.11929, section 3.1).
#pragma once

#include <cstddef>
#include <string>

#include "nn/layer.h"

namespace pipetrain {

class ClassToken : public Layer {
 public:
  // (H, W, C) -> (1 + H W, C), or (T, C) -> (1 + T, C)
  ClassToken(std::string name, Shape row);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context& context, Saved& saved) override;

 private:
  std::size_t token_;
};

}  // namespace pipetrain
