// A layer: the smallest unit of a model, with its forward and its two gradients as three separate
// calls. It must not know stages, schedules or messages: all state of a microbatch is in Saved,
// which the caller keeps.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nn/parameter.h"
#include "ops/ops.h"
#include "tensor/tensor.h"

namespace pipetrain {

enum class Mode : std::uint8_t { kTrain, kEvaluate };

struct Context {
  Ops& ops;
  Mode mode = Mode::kTrain;
  std::int64_t step = 0;
  std::int64_t first_row =
      0;  // of this microbatch, in the step's batch over all microbatches and replicas
  bool accumulate = false;  // backward_weight adds to the gradients; else it overwrites them
};

// What one layer keeps of one microbatch between its three calls. Each layer names its slots.
class Saved {
 public:
  Tensor& operator[](int slot) { return slots_[static_cast<std::size_t>(slot)]; }
  void clear() {
    for (Tensor& slot : slots_) slot.reset();
  }

 private:
  std::array<Tensor, 8> slots_;
};

class Layer {
 public:
  // Row shapes leave out the batch: (T, C) for tokens. A model's name for the layer:
  // "layers.3.attention".
  Layer(std::string name, Shape input_row, Shape output_row)
      : name_(std::move(name)), input_row_(input_row), output_row_(output_row) {}
  virtual ~Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;

  // x (B, input row) -> y (B, output row). In kEvaluate nothing is saved.
  virtual Tensor forward(const Context& context, Tensor x, Saved& saved) = 0;
  // dy -> dx, both shaped as in forward; keeps in `saved` what backward_weight needs and frees the
  // rest. A layer whose input has no gradient (token ids) returns an empty tensor.
  virtual Tensor backward_input(const Context& context, Tensor dy, Saved& saved) = 0;
  // Adds to, or overwrites, the parameters' gradients; frees `saved`.
  virtual void backward_weight(const Context& context, Saved& saved) = 0;

  const std::string& name() const { return name_; }
  Shape input_row() const { return input_row_; }
  Shape output_row() const { return output_row_; }
  virtual DType input_dtype() const { return DType::kFloat32; }
  std::vector<Parameter>& parameters() { return parameters_; }
  const std::vector<Parameter>& parameters() const { return parameters_; }
  // Floating-point operations of the forward's matrix products for one row of the batch; a backward
  // costs twice that.
  virtual double forward_flop() const { return 0; }

 protected:
  // Appends a parameter named "<layer>.<suffix>"; returns its index.
  std::size_t add_parameter(const std::string& suffix, Shape shape, Initial initial) {
    parameters_.push_back({name_ + "." + suffix, shape, initial});
    return parameters_.size() - 1;
  }
  // Null for kNone: a parameter that the layer's options leave out.
  static constexpr std::size_t kNone = ~std::size_t{0};
  const float* value(std::size_t index) const {
    return index == kNone ? nullptr : parameters_[index].value;
  }
  float* gradient(std::size_t index) const {
    return index == kNone ? nullptr : parameters_[index].gradient;
  }

 private:
  std::string name_;
  Shape input_row_, output_row_;
  std::vector<Parameter> parameters_;
};

}  // namespace pipetrain
