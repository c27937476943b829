// A made-up model and machine whose plans can be worked out by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plan/planner.h"
#include "schedule/generate/generate.h"

namespace pipetrain {

constexpr std::int64_t kInput = 10, kSaved = 1000, kForWeights = 300;  // bytes of a row

// Every layer turns its input into its output in place; F keeps kSaved a row, of which I leaves
// kForWeights. All of F, I and W cost `seconds` a row and `fixed` a microbatch.
inline LayerMeasure made_up_layer(std::int64_t rows, double seconds, double fixed) {
  const double each = seconds * static_cast<double>(rows) + fixed;
  LayerMeasure layer;
  layer.cost = {each, each, each};
  layer.forward = takes(rows * kSaved);
  layer.backward_input = then(takes(rows * kForWeights), takes(rows * kSaved, -1));
  layer.backward_weight = takes(rows * kForWeights, -1);
  return layer;
}

struct MadeUp {
  int layers = 8, batch_rows = 16;
  double seconds = 1, fixed = 0;
  std::int64_t parameters = 5;  // elements of a layer

  PlanInputs inputs() const {
    PlanInputs made;
    made.batch_rows = batch_rows;
    made.moments = 2;
    made.machine.message_bytes_per_second = 1e9;
    made.model.block_bytes = [](std::int64_t bytes) { return bytes; };
    for (int i = 0; i < layers; ++i) {
      const std::string name = "layers." + std::to_string(i) + ".mlp";
      LayerFacts& layer = made.model.layers.emplace_back();
      layer = {name, {{name + ".weight", parameters}}, kInput, kInput};
      layer.group_sums = {2, 2 * kInput};  // as an MLP
    }
    for (std::int64_t rows = 1; rows <= batch_rows; ++rows) {
      made.model.measured[rows].assign(static_cast<std::size_t>(layers),
                                       made_up_layer(rows, seconds, fixed));
    }
    made.cut = [](const std::vector<double>& costs, const Placement& placement,
                  const std::vector<double>&) {
      std::vector<int> first;
      const int stages = placement.stage_count(), count = static_cast<int>(costs.size());
      for (int s = 0; s < stages; ++s) first.push_back(s * count / stages);
      return first;
    };
    const auto all = static_cast<std::size_t>(layers);
    made.recomputed = {{Recompute::kNone, RecomputedLayers(all)},
                       {Recompute::kFull, RecomputedLayers(all, {.whole = true})}};
    return made;
  }
};

// The configuration is 1f1b on all ranks.
inline PlanRequest request(int ranks, std::int64_t memory_bytes, int microbatches = 4) {
  PlanRequest made{.ranks = ranks, .memory_bytes = memory_bytes};
  made.configured.pipeline = ranks;
  made.configured.microbatches = microbatches;
  made.configured_schedule = generate("1f1b", ranks, 1, microbatches);
  return made;
}

}  // namespace pipetrain
