// A schedule in two lines of words, above its drawing. It must not know how it is drawn.
#pragma once

#include <string>

#include "schedule/given_costs.h"
#include "schedule/schedule.h"

namespace pipetrain {

struct Description {
  std::string title;   // "zbv: 4 ranks, 2 stages each in a V, 8 microbatches"
  std::string remark;  // the costs, and the figures with B as one action where they differ
};

Description describe(const std::string& name, const Schedule& schedule, const GivenCosts& costs);

}  // namespace pipetrain
