#include "schedule/search/placement_search.h"

#include <algorithm>
#include <vector>

#include "catch.h"
#include "schedule/search/auto_schedule.h"
#include "schedule/search/rank_orders.h"
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

TEST_CASE("Searched placements keep to the memory, which rank has how many stages whatsoever") {
  const std::vector<Placement> starts{Placement::loop(2, 3), Placement::wave(2, 3)};
  for (const Placement& placement : search::promising_placements(starts, 6, heavy_last(), 1, 1e6)) {
    CHECK(placement.most_stages() == 3);
  }
  const AutoOptions any{.live_microbatches = 1.4, .effort = 1e6, .any_placement = true};
  const Schedule schedule = auto_schedule(2, 6, heavy_last(), any);
  for (const double live : simulate(schedule, heavy_last()).peak_live_microbatches) {
    CHECK(live <= 1.4);
  }
  const Placement uneven = Placement::of({{0, 1, 2, 3, 4}, {5}});
  CHECK(why_no_search(2, 6, 6, {.live_microbatches = 1, .placement = uneven}) ==
        "schedule auto: the limit is below one live microbatch on the rank that has 5 of 6 stages; "
        "allow 1.7 or more");
  CHECK(!why_no_search(2, 6, 6, {.live_microbatches = 1.67, .placement = uneven}));
}

TEST_CASE("A limit above the microbatches lets a rank of many stages keep them all") {
  const AutoOptions all{.live_microbatches = 4, .placement = Placement::of({{0, 1, 2}, {3}})};
  const Costs costs{std::vector<StageCost>(4, {1, 1, 1}), 0};
  const double bound = least_makespan(2, 2, costs, all);
  CHECK(bound <= simulate(auto_schedule(2, 2, costs, all), costs).makespan());
  CHECK(search::Problem(*all.placement, 2, costs, 4).live_limit == 6);
}

TEST_CASE("A search over placements is never slower than one over loops and waves, here faster") {
  const AutoOptions own{.live_microbatches = 4, .effort = 1e6};
  AutoOptions any = own;
  any.any_placement = true;
  CHECK(makespan(heavy_last(), any) < makespan(heavy_last(), own));
}
