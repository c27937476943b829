// How many parameters each rank has, and which of them are tied to another rank's. Pure; it must
// not know what they take in memory.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

#include "plan/profile.h"
#include "schedule/schedule.h"

namespace pipetrain {

// In elements.
struct RankParameters {
  std::vector<std::int64_t> stage_elements;     // of each of its stages' flat parameters
  std::vector<std::int64_t> stage_buffers;      // of each of its stages' flat buffers
  std::vector<std::int64_t> layers;             // all that each layer here uses
  std::vector<std::int64_t> earlier_gradients;  // tied parameters whose first use is here
  std::vector<std::int64_t> exchanged;          // tied parameters whose other use is elsewhere

  std::int64_t elements() const {
    return std::accumulate(stage_elements.begin(), stage_elements.end(), std::int64_t{0});
  }
};

// Of every rank; a tied parameter counts on each rank that uses it, and if weights are sharded in
// each stage.
std::vector<RankParameters> rank_parameters(const ModelProfile& model, const Schedule& schedule,
                                            const std::vector<int>& first_layers,
                                            bool sharded = false);

}  // namespace pipetrain
