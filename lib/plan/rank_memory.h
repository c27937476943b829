// The tensor memory that each rank will take from the system, by walking its own list of actions.
// Pure; it must not know how long anything takes.
#pragma once

#include <cstdint>
#include <numeric>
#include <vector>

#include "plan/stage_profile.h"
#include "schedule/schedule.h"

namespace pipetrain {

// The first `larger_count` microbatches have one row more than the others.
struct StageSizes {
  StageProfile larger, smaller;
};

// In elements.
struct RankParameters {
  std::vector<std::int64_t> stage_elements;     // of each of its stages' flat parameters
  std::vector<std::int64_t> stage_buffers;      // of each of its stages' flat buffers
  std::vector<std::int64_t> earlier_gradients;  // tied parameters whose first use is here
  std::vector<std::int64_t> exchanged;          // tied parameters whose other use is elsewhere

  std::int64_t elements() const {
    return std::accumulate(stage_elements.begin(), stage_elements.end(), std::int64_t{0});
  }
};

// Of every rank; a tied parameter counts on each rank that uses it.
std::vector<RankParameters> rank_parameters(const ModelProfile& model, const Schedule& schedule,
                                            const std::vector<int>& first_layers);

struct MemoryPlan {
  const ModelProfile& model;
  const Schedule& schedule;  // compute actions, with R where stages recompute
  const std::vector<RankParameters>& parameters;
  const std::vector<StageSizes>& stages;
  std::int64_t larger_rows = 1, smaller_rows = 1;
  int larger_count = 0;
  int moments = 2;  // of the optimizer, per parameter
};

// One per rank: values, gradients and moments; activations of the microbatches that are live at
// once; messages under way; inputs and targets; work space. A block of the pool serves only its own
// size, so what counts is the most of each size, wherever in the step that is.
std::vector<std::int64_t> rank_memory(const MemoryPlan& plan);

}  // namespace pipetrain
