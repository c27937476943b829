// Placements that may be better than a loop or a wave for the costs at hand. Only auto_schedule.cpp
// uses this. It must not know how costs were measured.
#pragma once

#include <vector>

#include "schedule/placement.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain::search {

// The best that single moves and swaps of stages lead to from `starts`, by what quick list
// schedules of `microbatches` in the limit of Problem make of them; those of the starts first, no
// placement twice. About `effort` actions are listed. Deterministic.
std::vector<Placement> promising_placements(const std::vector<Placement>& starts, int microbatches,
                                            const Costs& costs, double live_microbatches,
                                            double effort);

}  // namespace pipetrain::search
