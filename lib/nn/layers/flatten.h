// Joins all axes of a row to one, in memory order: a new shape, the same numbers.
#pragma once

#include <string>
#include <utility>

#include "nn/layer.h"

namespace pipetrain {

class Flatten : public Layer {
 public:
  // (...) -> (product of all)
  Flatten(std::string name, Shape row) : Layer(std::move(name), row, {row.elements()}) {}

  Tensor forward(const Context&, Tensor x, Saved&) override {
    x.reshape(output_row().batched(x.shape()[0]));
    return x;
  }
  Tensor backward_input(const Context&, Tensor dy, Saved&) override {
    dy.reshape(input_row().batched(dy.shape()[0]));
    return dy;
  }
  void backward_weight(const Context&, Saved&) override {}
};

}  // namespace pipetrain
