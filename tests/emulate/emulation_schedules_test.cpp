// Which schedules an emulation runs.
#include "emulate/emulation_schedules.h"

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"
#include "setup/on_ranks.h"

using namespace pipetrain;

TEST_CASE("All schedules are chosen, and those that do not exist say why") {
  const ScheduleRequest request{
      .name = "all", .ranks = 4, .microbatches = 6, .search = {.live_microbatches = 4}};
  const auto sent = named_schedules_of(to_text(choose_schedules(request, {})));
  REQUIRE(sent.size() == schedule_names().size() + 1);
  for (const NamedSchedule& chosen : sent) {
    INFO(chosen.name);
    // Fewer than 2 microbatches per rank.
    const bool exists = chosen.name != "dualpipev" && chosen.name != "dualpipe";
    CHECK(chosen.schedule.ranks.empty() == !exists);
    CHECK(chosen.missing.empty() == exists);
    if (exists && chosen.name != "auto") {
      const Schedule expected = generate(chosen.name, 4, default_virtual_stages(chosen.name), 6);
      CHECK(chosen.schedule.ranks == expected.ranks);
      CHECK(chosen.schedule.placement == expected.placement);
      CHECK(chosen.schedule.virtual_stages() == expected.virtual_stages());
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

TEST_CASE("All ranks have the schedules that rank 0 chooses, or leave together") {
  const ScheduleRequest zbv{.name = "zbv", .ranks = 2, .microbatches = 4},
      other{.name = "nowhere.csv", .ranks = 2};
  std::vector<std::vector<NamedSchedule>> found(2);
  const auto choose = [&](const ScheduleRequest& at_0, const ScheduleRequest& at_1) {
    on_ranks(2, [&](Collective& world) {
      const int rank = world.rank();
      found[static_cast<std::size_t>(rank)] = agreed_schedules(rank == 0 ? at_0 : at_1, {}, world);
    });
  };
  choose(zbv, other);  // a file may be on rank 0's host alone
  for (const std::vector<NamedSchedule>& each : found) {
    REQUIRE(each.size() == 1);
    CHECK(each[0].name == "zbv");
    CHECK(each[0].schedule.ranks == generate("zbv", 2, 2, 4).ranks);
  }
  CHECK_THROWS_WITH(choose(other, zbv), ContainsSubstring("nowhere.csv"));
}
