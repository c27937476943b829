// A search's result for people and as JSON. It must not know how it came about.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "plan/comparison.h"
#include "plan/planner.h"

namespace pipetrain {

struct PlanReport {
  const PlanInputs& inputs;
  const PlanRequest& request;
  const PlanResult& result;
  std::vector<ComparisonRow> comparison;
};

std::string plan_text(const PlanReport& report);

// `plans` (best first), `configured`, `comparison`, `measured`.
nlohmann::ordered_json plan_json(const PlanReport& report);

}  // namespace pipetrain
