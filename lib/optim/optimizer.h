// Optimizers: one pass over flat buffers that reads a gradient and updates value and moments,
// clipping included. They must not know layers, stages or messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ops/ops.h"
#include "optim/optimizer_config.h"
#include "tensor/tensor.h"

namespace pipetrain {

// A flat buffer of values and gradients, and the parts of it that are to be updated, each of one
// parameter: all of it, or a shard.
struct FlatParameters {
  struct UpdatedPiece {
    std::int64_t offset = 0, elements = 0;
    bool decays = false;
  };
  float* values = nullptr;
  const float* gradients = nullptr;
  std::vector<UpdatedPiece> parts;

  std::int64_t elements() const;  // of all parts
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Updates every buffer. `step` counts from 1; gradients are multiplied by `gradient_scale` first.
  virtual void update(std::int64_t step, double learning_rate, double gradient_scale) = 0;
  // The moments of buffer `index`, by name ("first_moment"), each (elements of all its parts, one
  // part after the other): what a checkpoint keeps.
  struct Moment {
    std::string name;
    Tensor* values;
  };
  virtual std::vector<Moment> moments(std::size_t index) = 0;
};

int moments_per_parameter(const OptimizerConfig& config);

// The one that `config.type` names (optim/optimizers.h), with moments of zero.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config,
                                          std::vector<FlatParameters> buffers, Ops& ops);

}  // namespace pipetrain
