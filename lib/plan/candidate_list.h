// Which candidates there are for a request, the most promising first. Pure; it must not know what
// of them fits into memory or how long its steps take.
#pragma once

#include <vector>

#include "plan/planner.h"
#include "plan/predict.h"

namespace pipetrain {

struct BoundedCandidate {
  Candidate candidate;
  double least_seconds = 0;      // of a step
  bool configured_size = false;  // the configuration's ranks and microbatches: always predicted
};

// Those of the configured sizes come first, then by the least that a step can take. Searched
// schedules are not among them.
std::vector<BoundedCandidate> all_candidates(const PlanInputs& inputs, const PlanRequest& request,
                                             Predictor& predictor);

// How many layers are cut into stages.
int cut_layers(const PlanInputs& inputs, const Candidate& candidate);

}  // namespace pipetrain
