// A schedule in two lines of words, above its drawing. It must not know how it is drawn.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "schedule/schedule.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/simulate/given_costs.h"

namespace pipetrain {

struct Description {
  std::string title;   // "zbv: 4 ranks, 2 stages each in a V, 8 microbatches"
  std::string remark;  // the costs, and the figures with B as one action where they differ
  std::vector<std::string> notes;  // sentences for below the drawing
};

// `search` is what auto was given.
Description describe(const std::string& name, const Schedule& schedule, const GivenCosts& costs,
                     const AutoOptions& search = {});

// Some schedules are made for certain costs: which named schedule is faster at other costs in no
// more memory. Empty if there is none, or for other schedules.
std::string better_than_tuned(const std::string& name, const Schedule& schedule,
                              const GivenCosts& costs);

// The text in lines of at most `columns`, each with its end.
std::string wrapped(const std::string& text, std::size_t columns);

std::string percent(double share);  // 0.123: "12.3%"

}  // namespace pipetrain
