// What parameters start from, by a scheme: each layer gets the Start of each of its products. It
// must not know layers.
#pragma once

#include <cstdint>

#include "nn/parameter.h"
#include "nn/start_scheme.h"

namespace pipetrain {

struct Start {
  Initial weight{Initial::Kind::kNormal, 0.02f};
  Initial bias;
};

class Starts {
 public:
  // For a model with so many layers that add to the residual stream; `std` is that of normal
  // distributions, 0: as the scheme says.
  explicit Starts(const StartScheme& scheme = {}, double std = 0, int residual_layers = 1);

  // Each output of the part sums `in` entries, each input goes to `out` outputs.
  Start of(ModelPart part, std::int64_t in, std::int64_t out) const;

 private:
  StartScheme scheme_;
  float std_;
  int residual_layers_;
};

}  // namespace pipetrain
