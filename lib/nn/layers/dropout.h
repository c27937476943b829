// Dropout as a layer of its own, and as a part of others. Which entries are dropped follows from
// the seed, the layer's name, the step, the global row and the entry's place alone: the same on
// every number of ranks, and again when the forward is recomputed. It must not know what is
// dropped.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "nn/layer.h"
#include "ops/dropout.h"

namespace pipetrain {

// The mask of this microbatch's rows of one part of a layer ("output"), where a token has `width`
// entries in a row; in evaluation one that drops nothing.
DropoutMask dropout_mask(const Context& context, const std::string& layer, const char* part,
                         double rate, std::int64_t width = 0);

// Drops entries of a layer's output y, or of its gradient.
void drop_output(const Context& context, const std::string& layer, double rate, Tensor& y);

// The end of a transformer block's half: x (B, T, C) += dropped(input W^T + b). Ranks that share
// the layer have each some columns of input and W; what they make is summed.
void add_dropped_linear(const Context& context, const TensorPlace& place, const DropoutMask& mask,
                        const Tensor& input, ConstMatrix weight, const float* bias, Tensor& x);
// Its gradient dy with the same entries dropped; empty if none are, since then it is dy itself.
Tensor dropped_copy(Ops& ops, const DropoutMask& mask, const Tensor& dy);

class Dropout : public Layer {
 public:
  // Any row -> the same
  Dropout(std::string name, Shape row, double rate)
      : Layer(std::move(name), row, row), rate_(rate) {}

  Tensor forward(const Context& context, Tensor x, Saved&) override {
    drop_output(context, name(), rate_, x);
    return x;
  }
  Tensor backward_input(const Context& context, Tensor dy, Saved&) override {
    drop_output(context, name(), rate_, dy);
    return dy;
  }
  void backward_weight(const Context&, Saved&) override {}
  Reach reach() const override { return Reach::kToken; }

 private:
  double rate_;
};

}  // namespace pipetrain
