// Which schedules an emulation runs: one by name, by table or searched for, or all there are. Pure;
// it must not know how they are run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "comm/collective.h"
#include "schedule/choose/schedule_request.h"
#include "schedule/choose/schedule_table.h"
#include "schedule/schedule.h"
#include "schedule/simulate/given_costs.h"

namespace pipetrain {

struct NamedSchedule {
  std::string name;
  Schedule schedule;    // compute actions; no ranks if there is none for these sizes
  std::string missing;  // then why
};

// The schedule that is asked for or, for the name kAllSchedules, those of listed_schedules(): of
// the ones that do not exist for these sizes the reason is kept. `costs` in seconds. Else as
// choose().
std::vector<NamedSchedule> choose_schedules(const ScheduleRequest& request,
                                            const GivenCosts& costs);

// Collective: of every rank's list the one that rank 0 chooses. What is wrong there makes all
// leave, as agree() does.
std::vector<NamedSchedule> agreed_schedules(const ScheduleRequest& request, const GivenCosts& costs,
                                            Collective& world);

// To send them to ranks that did not choose: a search takes seconds, and files may be on one host.
std::string to_text(const std::vector<NamedSchedule>& schedules);
std::vector<NamedSchedule> named_schedules_of(const std::string& text);

}  // namespace pipetrain
