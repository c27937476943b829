// A schedule's Timeline where ranks share cores, and are faster while others wait, or links, on
// which messages queue: all ranks are followed in order of time.
#pragma once

#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// simulate() for costs.cores < schedule.rank_count() (0: a core each): processor sharing
// (Kleinrock, Queueing Systems II, 1976, section 4.4). Of the ranks that have something to run,
// each gets an equal part of the cores, and no more than one. Messages and gathers take their time
// whoever else runs. O(ranks) per action. `schedule` has its Rs and gathers listed.
Timeline simulate_shared(const Schedule& schedule, const Costs& costs, BackwardSends sends);

}  // namespace pipetrain
