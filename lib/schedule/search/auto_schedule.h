// The schedule `auto`: searched for the costs at hand within a limit on live microbatches.
// Pure and deterministic: the same input gives the same schedule on every rank. It must not know
// how costs were measured.
#pragma once

#include <vector>

#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

struct AutoOptions {
  double live_microbatches = 0;  // most per rank, in shares of a whole rank; 0: 1F1B's, min(M, p)
  double effort = 1e8;           // actions evaluated in the search: one or two seconds
};

// A schedule of p ranks and M microbatches for costs.stages.size() stages (a multiple of p). In
// simulation with gradients first it is never slower than a named schedule of these stages within
// the same limit. Every stage takes its microbatches in ascending order, so its losses are those of
// 1F1B, bit for bit. With v > 1 it chooses the placement, too. Error(kConfiguration) if the limit
// is below one microbatch.
Schedule auto_schedule(int ranks, int microbatches, const Costs& costs,
                       const AutoOptions& options = {});

// Below what no schedule of these stages in ascending order can come within the limit: a schedule
// that reaches it is the best there is, and auto_schedule() stops there.
double least_makespan(int ranks, int microbatches, const Costs& costs,
                      const AutoOptions& options = {});

}  // namespace pipetrain
