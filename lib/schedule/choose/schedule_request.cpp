#include "schedule/choose/schedule_request.h"

#include "base/error.h"
#include "schedule/csv.h"
#include "schedule/generate/generate.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/validate.h"

namespace pipetrain {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ExitCode::kConfiguration, why); }

void check_same(const std::string& file, const std::string& what, int asked, int found) {
  if (asked == 0 || asked == found) return;
  refuse(file + ": the table is for " + std::to_string(found) + " " + what + ", asked for " +
         std::to_string(asked) + "; take a table for " + std::to_string(asked) + ", or " + what +
         " " + std::to_string(found));
}

Schedule read_table_for(const ScheduleRequest& request) {
  Schedule schedule = read_csv_schedule(request.name, request.ranks);
  check_same(request.name, "microbatches", request.microbatches, schedule.microbatches);
  check_same(request.name, "virtual stages", request.virtual_stages, schedule.virtual_stages);
  return schedule;
}

void check_sizes(const ScheduleRequest& request, int virtual_stages) {
  if (request.ranks < 1 || request.microbatches < 1) {
    refuse("schedule " + request.name +
           ": the numbers of ranks and microbatches are missing; give both");
  }
  check_action_count(request.name, request.ranks, virtual_stages, request.microbatches);
}

}  // namespace

Schedule make_schedule(const ScheduleRequest& request, const GivenCosts& costs) {
  if (request.live_microbatches != 0 && request.name != "auto") {
    refuse("schedule " + request.name +
           ": a limit on live microbatches is for schedule auto alone; leave it out");
  }
  if (request.is_file || request.name.ends_with(".csv")) return read_table_for(request);
  const bool forward_only = request.name == "forward-only";
  int v = request.virtual_stages;
  if (v == 0) v = forward_only ? 1 : default_virtual_stages(request.name);
  check_sizes(request, v);
  Schedule schedule;
  if (forward_only) {
    schedule = generate_forward_only(Placement::kLoop, request.ranks, v, request.microbatches);
  } else if (request.name == "auto") {
    schedule = auto_schedule(request.ranks, request.microbatches, costs.on(request.ranks, v),
                             {.live_microbatches = request.live_microbatches});
  } else {
    schedule = generate(request.name, request.ranks, v, request.microbatches);
  }
  validate(schedule, forward_only);
  return schedule;
}

}  // namespace pipetrain
