// Beam search: grows all beginnings of a schedule together, one action at a time, and keeps those
// with the least bounds. Where none that could matter was dropped, what it finds is the best there
// is. Pure and deterministic; it must not know where other candidates come from.
#pragma once

#include <cstddef>

#include "schedule/search/rank_orders.h"

namespace pipetrain::search {

struct Beam {
  Orders orders;  // empty: none below the limit was met
  bool saw_all =
      false;          // no schedule is shorter than these orders or, if there are none, the limit
  double effort = 0;  // in actions evaluated
};

struct BeamLimits {
  double makespan;    // only shorter schedules are looked for
  std::size_t width;  // most beginnings of each length
  double effort;
};

// The shortest schedule met within the limits. Gives up when it has taken more effort: at once if
// one beginning of each length takes more, or if a rank has more than Growth::kMostLaps stages.
Beam beam_search(const Problem& problem, const BeamLimits& limits);

}  // namespace pipetrain::search
