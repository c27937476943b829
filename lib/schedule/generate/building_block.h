// Schedules that repeat a building block, the slots of one microbatch's passes (Qi et al. 2024,
// "Pipeline Parallelism with Controllable Memory", section 3). It must not know which block it is.
#pragma once

#include <array>
#include <vector>

#include "schedule/generate/schedule_kind.h"

namespace pipetrain::generators {

using BuildingBlock = std::vector<std::array<int, 4>>;  // per rank: of F down, F up, I up, I down

// Every 6 slots a microbatch takes the block, which bounds the memory; then passes of the warm-up
// and the cool-down move into idle slots (section 3.3). The rule is that of
// sail-sg/zero-bubble-pipeline-parallelism.
RankActions repeated(const BuildingBlock& block, int microbatches);

}  // namespace pipetrain::generators
