// A trainable tensor: its global name, shape and starting values. Its memory belongs to the stage
// that uses it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nn/slice.h"
#include "tensor/bfloat16.h"
#include "tensor/shape.h"

namespace pipetrain {

struct Initial {
  enum class Kind : std::uint8_t { kConstant, kNormal, kUniform };
  Kind kind = Kind::kConstant;
  float scale = 0;  // the constant, the standard deviation, or the bound on both sides of 0
};

struct Parameter {
  std::string name;  // "layers.3.attention.qkv.weight": the same for every partition
  Shape shape;       // of what is here
  Initial initial;
  Shape whole = shape;   // of the tensor whose slice this is
  Slicing slicing = {};  // which slice
  // A tied parameter is used by two layers under one name and has a gradient for each use; the
  // later use sets this.
  bool tied_to_earlier = false;
  // A table that is looked up: its gradient is zero but in the rows that backward_weight lists
  // here, each once or more.
  bool looked_up = false;
  std::vector<std::int32_t> touched_rows = {};
  // Where value and gradient live, `shape` each; set when a stage takes the layer.
  float* value = nullptr;
  float* gradient = nullptr;
  // Products and look-ups alone read it, as Layer::matrix(). Where layers only run forward, it may
  // then be kept rounded, in place of `value`.
  bool is_matrix = false;
  const BFloat16* rounded = nullptr;

  std::int64_t elements() const { return shape.elements(); }
  bool decays() const {
    return shape.rank() >= 2;
  }  // weight decay applies to matrices, not to biases and norms
};

// State that is no weight: it has no gradient, and evaluation reads what training measured. In a
// step, backward_weight makes `next` of `value`, or of `next` if context.accumulate_buffers; with
// the weights' update it becomes the value.
struct Buffer {
  std::string name;  // as a parameter's
  Shape shape;
  float initial = 0;
  float* value = nullptr;
  float* next = nullptr;
};

// Fills `values`, what follows from entry `first` on of the parameter here, as `parameter.initial`
// says, from (seed, name, index in the whole tensor) alone.
void initialize(const Parameter& parameter, std::uint64_t seed, std::span<float> values,
                std::int64_t first = 0);

}  // namespace pipetrain
