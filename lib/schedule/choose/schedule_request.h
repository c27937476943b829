// A schedule as a user asks for it: a name and sizes, or a table of one's own. It must not know how
// costs were measured, nor what the schedule is for.
#pragma once

#include <string>

#include "schedule/schedule.h"
#include "schedule/simulate/given_costs.h"

namespace pipetrain {

struct ScheduleRequest {
  std::string name;      // one that generate() knows, "auto", "forward-only", or FILE.csv
  bool is_file = false;  // the name is a table's file, whatever it ends in
  int ranks = 0;         // 0, here and below: what the table has
  int microbatches = 0;
  int virtual_stages = 0;        // 0: the schedule's own
  double live_microbatches = 0;  // auto's limit per rank; 0: 1F1B's, min(M, p)
};

// Validated. Error(kConfiguration) if sizes are missing, do not fit the schedule or the table, or
// make more than kMostActions actions.
Schedule make_schedule(const ScheduleRequest& request, const GivenCosts& costs);

}  // namespace pipetrain
