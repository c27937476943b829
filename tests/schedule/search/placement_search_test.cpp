#include "schedule/search/placement_search.h"

#include <algorithm>
#include <vector>

#include "catch.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

// The last of six stages costs as much as the other five.
Costs heavy_last() {
  std::vector<StageCost> stages(6, {1, 1, 1});
  stages.back() = {5, 5, 5};
  return {stages, 0};
}

double makespan(const Costs& costs, const AutoOptions& options) {
  const Schedule schedule = auto_schedule(2, 6, costs, options);
  validate(schedule);
  return simulate(schedule, costs).makespan();
}

}  // namespace

TEST_CASE("Searched placements begin with the given ones, and spare the rank of a heavy stage") {
  const std::vector<Placement> starts{Placement::loop(2, 3), Placement::wave(2, 3)};
  const auto found = search::promising_placements(starts, 6, heavy_last(), 4, 1e6);
  REQUIRE(found.size() > 2);
  CHECK(std::equal(starts.begin(), starts.end(), found.begin()));
  CHECK(found == search::promising_placements(starts, 6, heavy_last(), 4, 1e6));
  CHECK(std::ranges::any_of(found, [](const Placement& placement) {
    return placement.stages_of(placement.rank_of(5)).size() < 3;
  }));
}

TEST_CASE("A search over placements is never slower than one over loops and waves, here faster") {
  const AutoOptions own{.live_microbatches = 4, .effort = 1e6};
  AutoOptions any = own;
  any.any_placement = true;
  CHECK(makespan(heavy_last(), any) < makespan(heavy_last(), own));
}
