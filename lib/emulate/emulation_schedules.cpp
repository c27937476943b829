#include "emulate/emulation_schedules.h"

#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "schedule/csv.h"
#include "schedule/generate/generate.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/validate.h"

namespace pipetrain {
namespace {

bool is_table(const std::string& schedule) { return schedule.ends_with(".csv"); }

Schedule from_table(const EmulationRequest& request) {
  const Schedule schedule = read_csv_schedule(request.schedule);
  const auto expect = [&](int found, int expected, const char* what) {
    if (expected == 0 || found == expected) return;
    throw Error(ExitCode::kConfiguration, request.schedule + " is a schedule for " +
                                              std::to_string(found) + " " + what +
                                              ", but there are " + std::to_string(expected));
  };
  expect(schedule.rank_count(), request.ranks, "ranks");
  expect(schedule.microbatches, request.microbatches, "microbatches");
  expect(schedule.virtual_stages, request.virtual_stages, "stages per rank");
  return schedule;
}

Schedule searched(const EmulationRequest& request, int virtual_stages) {
  Schedule sizes;  // as many stages as equal costs are wanted for
  sizes.ranks.resize(static_cast<std::size_t>(request.ranks));
  sizes.virtual_stages = virtual_stages;
  AutoOptions options;
  options.live_microbatches = request.live_microbatches;
  return auto_schedule(request.ranks, request.microbatches, costs_of(request, sizes), options);
}

Schedule make(const EmulationRequest& request) {
  const std::string& name = request.schedule;
  if (is_table(name)) return from_table(request);
  const int virtual_stages =
      request.virtual_stages > 0 ? request.virtual_stages : default_virtual_stages(name);
  if (name == "auto") return searched(request, virtual_stages);
  Schedule schedule = generate(name, request.ranks, virtual_stages, request.microbatches);
  validate(schedule);
  return schedule;
}

}  // namespace

Costs costs_of(const EmulationRequest& request, const Schedule& schedule) {
  const StageCost& cost = request.rank_cost;
  return equal_costs(schedule, cost.forward, cost.backward_input, cost.backward_weight,
                     request.message_seconds);
}

std::vector<NamedSchedule> choose_schedules(const EmulationRequest& request) {
  if (request.microbatches == 0 && !is_table(request.schedule)) {
    throw Error(ExitCode::kConfiguration,
                "--microbatches is missing; schedule " + request.schedule + " is for their number");
  }
  if (request.schedule != "all") return {{request.schedule, make(request), {}}};
  std::vector<std::string> names = schedule_names();
  names.emplace_back("auto");
  std::vector<NamedSchedule> all;
  for (const std::string& name : names) {
    EmulationRequest one = request;
    one.schedule = name;
    try {
      all.push_back({name, make(one), {}});
    } catch (const Error& error) {
      all.push_back({name, {}, error.what()});
    }
  }
  return all;
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
