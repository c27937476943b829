// Which schedules an emulation runs: one by name, by table or searched for, or all there are. Pure;
// it must not know how they are run.
#pragma once

#include <string>
#include <vector>

#include "schedule/schedule.h"
#include "schedule/simulate/simulate.h"

namespace pipetrain {

struct EmulationRequest {
  std::string schedule;  // a name, auto, a .csv file, or all
  int ranks = 1;
  int microbatches = 0;          // 0: as the table has; else needed
  int virtual_stages = 0;        // 0: the schedule's own
  double live_microbatches = 0;  // the most for auto; 0: its default
  StageCost rank_cost;           // seconds, of a rank's whole share
  double message_seconds = 0;
};

struct NamedSchedule {
  std::string name;
  Schedule schedule;    // compute actions; no ranks if there is none for these sizes
  std::string missing;  // then why
};

Costs costs_of(const EmulationRequest& request, const Schedule& schedule);

// Error(kConfiguration) for an unknown name, a table of other sizes, or one that is no schedule.
// `all` keeps those that do not exist for these sizes, with the reason.
std::vector<NamedSchedule> choose_schedules(const EmulationRequest& request);

// To send them to ranks that did not choose: a search takes seconds, and files may be on one host.
std::string to_text(const std::vector<NamedSchedule>& schedules);
std::vector<NamedSchedule> named_schedules_of(const std::string& text);

}  // namespace pipetrain
