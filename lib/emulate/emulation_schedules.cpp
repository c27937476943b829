#include "emulate/emulation_schedules.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "comm/agree.h"
#include "schedule/csv.h"

namespace pipetrain {
namespace {

// Or else why not.
NamedSchedule choose_named(const ScheduleRequest& request, const GivenCosts& costs) {
  if (const auto reason = why_not(request)) return {request.name, {}, *reason};
  return {request.name, choose(request, costs), {}};
}

}  // namespace

std::vector<NamedSchedule> choose_schedules(const ScheduleRequest& request,
                                            const GivenCosts& costs) {
  if (request.microbatches == 0 && !request.is_table()) {
    throw Error(ExitCode::kConfiguration,
                "--microbatches is missing; schedule " + request.name + " is for their number");
  }
  if (request.name != kAllSchedules) return {{request.name, choose(request, costs), {}}};
  std::vector<NamedSchedule> all;
  for (const ListedSchedule& listed : listed_schedules()) {
    all.push_back(choose_named(request_of_one(request, listed.name), costs));
  }
  return all;
}

std::vector<NamedSchedule> agreed_schedules(const ScheduleRequest& request, const GivenCosts& costs,
                                            Collective& world) {
  std::string text;
  agree(world, [&] {
    if (world.rank() == 0) text = to_text(choose_schedules(request, costs));
  });
  return named_schedules_of(world.all_gather_text(text).front());
}

std::string to_text(const std::vector<NamedSchedule>& schedules) {
  nlohmann::json list = nlohmann::json::array();
  for (const NamedSchedule& s : schedules) {
    list.push_back({s.name, s.missing.empty() ? csv_of(s.schedule) : "", s.missing});
  }
  return list.dump();
}

std::vector<NamedSchedule> named_schedules_of(const std::string& text) {
  std::vector<NamedSchedule> schedules;
  for (const auto& [name, table, missing] :
       nlohmann::json::parse(text).get<std::vector<std::array<std::string, 3>>>()) {
    schedules.push_back(
        {name, table.empty() ? Schedule{} : schedule_from_csv(table, name), missing});
  }
  return schedules;
}

}  // namespace pipetrain
