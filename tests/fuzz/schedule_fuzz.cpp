// A schedule as a table, and the costs of its stages as another: read, checked, lowered, simulated
// and drawn as `pipetrain schedule --check` does.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/input.h"
#include "schedule/choose/describe.h"
#include "schedule/csv.h"
#include "schedule/draw/draw_text.h"
#include "schedule/lower.h"
#include "schedule/simulate/given_costs.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;

namespace {

void use(const Schedule& schedule, const GivenCosts& costs) {
  const std::string csv = csv_of(schedule);
  const Schedule again = schedule_from_csv(csv, "its own text", schedule.rank_count());
  fuzz::require(again.ranks == schedule.ranks && again.placement == schedule.placement,
                "a table reads back as it was");
  lower(schedule);
  describe("table", schedule, costs);
  draw_text(simulate(schedule, costs.on(schedule.placement)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [costs, table] = fuzz::halves_of({data, size});
  const fuzz::MemoryFile table_file(table), costs_file(costs);
  Schedule schedule;
  GivenCosts given;
  if (!fuzz::read_or_refuse([&] { schedule = read_csv_schedule(table_file.path()); })) return 0;
  fuzz::read_or_refuse([&] { use(schedule, given); });
  if (costs.empty()) return 0;
  fuzz::read_or_refuse([&] {
    given = given_costs({}, costs_file.path());
    use(schedule, given);
  });
  return 0;
}
