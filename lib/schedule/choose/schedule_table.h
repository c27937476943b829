// All schedules of one size at the same costs, side by side. It must not know how the table is
// printed on a terminal or where the costs come from.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/choose/schedule_request.h"

namespace pipetrain {

// The name that stands for all of listed_schedules().
inline constexpr std::string_view kAllSchedules = "all";

struct ScheduleRow {
  std::string name = {};
  std::string idea = {};     // in a sentence
  std::string missing = {};  // why there is none of these sizes; then it has no figures
  int virtual_stages = 1;
  double makespan = 0, bubble = 0;  // as it runs: input gradients leave first
  double live = 0;                  // most microbatches of a rank, in shares of a whole rank
  int messages = 0;                 // between ranks in a step, all together
  std::string source = {};          // who published it
};

// One row for each of listed_schedules(), in that order. The request's virtual stages hold for the
// schedules that take them, its limit on live microbatches for the searched one.
// Error(kConfiguration) if sizes are missing or the costs do not fit.
std::vector<ScheduleRow> schedule_table(const ScheduleRequest& request, const GivenCosts& costs);

// In Markdown; below it a sentence for each schedule that is missing.
std::string table_text(const std::vector<ScheduleRow>& rows);
nlohmann::ordered_json table_json(const std::vector<ScheduleRow>& rows);

}  // namespace pipetrain
