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

// The shortest schedule met below `limit`, with at most `width` beginnings of each length. Gives up
// when it has taken more than `effort`: at once if one beginning of each length takes more, or if a
// rank has more than Growth::kMostLaps stages.
Beam beam_search(const Problem& problem, double limit, std::size_t width, double effort);

}  // namespace pipetrain::search
