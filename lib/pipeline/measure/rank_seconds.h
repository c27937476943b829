// How long each rank takes for the same layer, so that a slow node gets fewer of them. It must not
// know how a model is then cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "comm/collective.h"
#include "nn/layer.h"

namespace pipetrain {

// What is timed, and when.
struct SpeedProbe {
  const std::vector<std::unique_ptr<Layer>>& layers;
  std::size_t layer = 0;  // the one that is timed
  TensorPlace place;
  std::int64_t rows = 1;
  // In which round each rank does it, from 0 on: ranks that share cores take turns. Empty: all at
  // once.
  std::vector<int> rounds;
};

// Collective, on all ranks of `world`: seconds of the layer's F, I and W on each.
std::vector<double> measure_rank_seconds(const SpeedProbe& probe, Collective& world);

}  // namespace pipetrain
