// Generators of the published schedules: pure functions from (ranks, virtual stages, microbatches)
// to compute actions. They must not know costs, messages or how a schedule runs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "schedule/schedule.h"

namespace pipetrain {

// The names that generate() knows, in the order in which help lists them. Two more kinds need more
// than sizes: "auto" (auto_schedule.h) and tables (csv.h).
const std::vector<std::string>& schedule_names();

// Stages per rank when the user names none: 1, or 2 for schedules that need more. Knows "auto",
// too.
int default_virtual_stages(std::string_view name);

// The schedule `name` for p ranks, v stages each and M microbatches; compute actions only.
// Error(kConfiguration) for an unknown name, or where the schedule does not exist for these sizes
// (the message says which would do).
Schedule generate(std::string_view name, int ranks, int virtual_stages, int microbatches);

// Error(kConfiguration) for more actions (F, I and W of each microbatch) than kMostActions.
void check_action_count(std::string_view name, int ranks, int virtual_stages, int microbatches);

// Every stage's forwards alone, in the order in which a pipeline of p ranks runs them: evaluation.
// `stage_by_stage`: a rank ends one stage before it begins the next, so that the order of its
// stages is the same however many microbatches there are.
Schedule generate_forward_only(Placement placement, int ranks, int virtual_stages, int microbatches,
                               bool stage_by_stage = false);

}  // namespace pipetrain
