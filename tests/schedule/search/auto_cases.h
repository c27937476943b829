// Uneven costs on which the searched schedule is compared with the named ones. Only tests use it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain::auto_cases {

inline double peak(const Timeline& timeline) {
  return *std::max_element(timeline.peak_live_microbatches.begin(),
                           timeline.peak_live_microbatches.end());
}

struct Named {
  std::string name = "none";
  double makespan = std::numeric_limits<double>::infinity();
};

// The fastest named schedule that keeps to the limit.
inline Named best_named(int ranks, int microbatches, const Costs& costs, double limit) {
  Named best;
  const int virtual_stages = static_cast<int>(costs.stages.size()) / ranks;
  for (const std::string& name : schedule_names()) {
    if (why_not(name, ranks, virtual_stages, microbatches) || copies_of(name) > 1) continue;
    const Schedule schedule = generate(name, ranks, virtual_stages, microbatches);
    const Timeline timeline = simulate(schedule, costs);
    if (peak(timeline) > limit + 1e-9 || timeline.makespan() >= best.makespan) continue;
    best = {name, timeline.makespan()};
  }
  return best;
}

// A rank's whole share is F=I=W=1.
inline Costs equal(int ranks, int virtual_stages) {
  const double share = 1.0 / virtual_stages;
  return {std::vector<StageCost>(static_cast<std::size_t>(ranks * virtual_stages),
                                 {share, share, share}),
          0};
}

inline Costs with_messages(Costs costs, double share_of_a_forward) {
  costs.message = share_of_a_forward * costs.stages[0].forward;
  return costs;
}

// I and W share the same backward: F=1, I=4/3, W=2/3.
inline Costs twice_the_input_gradient(Costs costs) {
  for (StageCost& stage : costs.stages) {
    stage.backward_input *= 4.0 / 3;
    stage.backward_weight *= 2.0 / 3;
  }
  return costs;
}

inline Costs slow(Costs costs, std::size_t stage, double factor) {
  costs.stages[stage].forward *= factor;
  costs.stages[stage].backward_input *= factor;
  costs.stages[stage].backward_weight *= factor;
  return costs;
}

inline Costs without_weights(Costs costs, std::size_t stage) {
  costs.stages[stage].backward_weight = 0;
  return costs;
}

}  // namespace pipetrain::auto_cases
