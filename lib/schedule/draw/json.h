// A schedule and its predicted figures as one JSON object, for programs that read what `pipetrain
// schedule` prints.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

// makespan and bubble_fraction take a B as one action, as papers draw it; those with
// _gradients_first are what runs. `spans` has of each rank what runs when: action, start and end.
nlohmann::ordered_json schedule_json(const std::string& name, const Schedule& schedule,
                                     const Costs& costs);

}  // namespace pipetrain
