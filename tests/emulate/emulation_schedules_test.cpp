// Which schedules an emulation runs.
#include "emulate/emulation_schedules.h"

#include <string>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

TEST_CASE("All schedules are chosen, and those that do not exist say why") {
  const ScheduleRequest request{
      .name = "all", .ranks = 4, .microbatches = 6, .search = {.live_microbatches = 4}};
  const auto sent = named_schedules_of(to_text(choose_schedules(request, {})));
  REQUIRE(sent.size() == schedule_names().size() + 1);
  for (const NamedSchedule& chosen : sent) {
    INFO(chosen.name);
    // Fewer than 2 microbatches per rank.
    const bool exists = chosen.name != "dualpipev";
    CHECK(chosen.schedule.ranks.empty() == !exists);
    CHECK(chosen.missing.empty() == exists);
    if (exists && chosen.name != "auto") {
      const Schedule expected = generate(chosen.name, 4, default_virtual_stages(chosen.name), 6);
      CHECK(chosen.schedule.ranks == expected.ranks);
      CHECK(chosen.schedule.placement == expected.placement);
      CHECK(chosen.schedule.virtual_stages == expected.virtual_stages);
    }
  }
}

TEST_CASE("Nothing to choose from is an error") {
  const auto choose = [](const ScheduleRequest& request) { return choose_schedules(request, {}); };
  CHECK_THROWS_AS(choose({.name = "1f2b", .ranks = 2, .microbatches = 4}), Error);
  CHECK_THROWS_AS(choose({.name = "1f1b", .ranks = 2}), Error);
  CHECK_THROWS_AS(choose({.name = "nowhere.csv", .ranks = 2}), Error);
  CHECK_THROWS_AS(choose({.name = "1f1b", .ranks = 2, .microbatches = 4, .virtual_stages = 2}),
                  Error);
  CHECK_THROWS_AS(
      choose({.name = "auto", .ranks = 2, .microbatches = 4, .search = {.live_microbatches = 0.5}}),
      Error);
}
