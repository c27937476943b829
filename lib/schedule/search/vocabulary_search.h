// The schedule `auto` where the vocabulary is over the pipeline: S and T are put into named and
// searched orders under several rules, and the fastest counts. Only auto_schedule.cpp uses this.
#pragma once

#include "schedule/search/auto_schedule.h"

namespace pipetrain::search {

// As auto_schedule() and least_makespan(), for costs with pieces.
Schedule schedule_with_vocabulary(int ranks, int microbatches, const Costs& costs,
                                  const AutoOptions& options);
double least_with_vocabulary(int ranks, int microbatches, const Costs& costs,
                             const AutoOptions& options);

}  // namespace pipetrain::search
