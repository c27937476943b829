// The explorer of schedules: a page that holds the action lists of many schedules, as the
// generators make them, and replays them under costs that its reader sets. It must not know how it
// looks.
#pragma once

#include <string>
#include <vector>

#include "schedule/schedule.h"
#include "schedule/simulate/given_costs.h"

namespace pipetrain {

// All published schedules over a range of ranks, microbatches and stages per rank, and of slices of
// sequences where they have such; it begins with 1f1b on 4 ranks.
std::string explorer_page();

// One schedule, with these costs at the beginning; whether stages recompute is set, too.
// Error(kConfiguration) if it has more than 36 ranks or too many actions, or actions other than F,
// I, W and B.
std::string schedule_page(const std::string& name, const Schedule& schedule,
                          const GivenCosts& costs, bool recompute);

// A rank's list as page/replay.js reads it; `own` are its stages in ascending order. Each
// microbatch is in so many slices.
std::string list_text(const std::vector<Action>& actions, const std::vector<int>& own,
                      int microbatches, int slices = 1);

}  // namespace pipetrain
