// What each rank's tensors will take, known before any of them is made. It must not know MPI, or
// what a rank does with what it learns.
#pragma once

#include <vector>

#include "plan/rank_memory.h"
#include "train/layout.h"

namespace pipetrain {

// One per rank of the pipeline. `measured`: the layers on the largest microbatch of the plan.
std::vector<RankMemory> forecast_memory(const Config& config, const ModelPlan& plan,
                                        const Layout& layout, std::vector<LayerMeasure> measured);

}  // namespace pipetrain
