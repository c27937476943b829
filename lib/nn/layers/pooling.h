// Pooling over sequences (T, C) or images (H, W, C), channels last: the largest entry or the mean
// of each window, the mean over all positions, or the first token alone.
#pragma once

#include <string>

#include "nn/layer.h"
#include "ops/pooling.h"

namespace pipetrain {

class MaxPool : public Layer {
 public:
  MaxPool(std::string name, Shape row, const Window& window);

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context&, Saved& saved) override { saved.clear(); }

 private:
  Window window_;
};

class AveragePool : public Layer {
 public:
  AveragePool(std::string name, Shape row, const Window& window);  // padding counts as zeros

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context&, Saved& saved) override { saved.clear(); }

 private:
  Window window_;
};

class MeanPool : public Layer {
 public:
  MeanPool(std::string name, Shape row);  // (T, C) or (H, W, C) -> (C)

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context&, Saved& saved) override { saved.clear(); }
};

class FirstToken : public Layer {
 public:
  FirstToken(std::string name, Shape row);  // (T, C) -> (C), of the row's first document

  Tensor forward(const Context& context, Tensor x, Saved& saved) override;
  Tensor backward_input(const Context& context, Tensor dy, Saved& saved) override;
  void backward_weight(const Context&, Saved& saved) override { saved.clear(); }
  bool separates_documents() const override { return true; }
};

}  // namespace pipetrain
