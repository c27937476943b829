#include "schedule/choose/schedule_table.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

const ScheduleRow& row_of(const std::vector<ScheduleRow>& rows, const std::string& name) {
  return *std::ranges::find(rows, name, &ScheduleRow::name);
}

}  // namespace

TEST_CASE("The table has every schedule, its figures and who published it") {
  const auto rows = schedule_table({.name = "all", .ranks = 4, .microbatches = 8}, {});
  REQUIRE(rows.size() == listed_schedules().size());
  for (const ScheduleRow& row : rows) {
    INFO(row.name);
    CHECK(row.missing.empty());
    CHECK(!row.source.empty());
    CHECK(row.idea.ends_with('.'));
    CHECK(row.makespan >= 24);  // eight microbatches of F, I and W
    CHECK(row.bubble == Approx(1 - 24 / row.makespan));
  }
  const ScheduleRow& one = row_of(rows, "1f1b");
  CHECK(one.makespan == 30);
  CHECK(one.live == 4);
  CHECK(one.messages == 2 * 3 * 8);  // down and back up over three borders
  CHECK(row_of(rows, "interleaved").messages == 2 * 7 * 8);
  CHECK(row_of(rows, "zbv").messages == 2 * 6 * 8);  // none at the V's foot
  CHECK(row_of(rows, "gpipe").live == 8);
  CHECK(row_of(rows, "auto").makespan <= row_of(rows, "zb-h1").makespan);
}

TEST_CASE("Schedules that do not exist for a size are named below the table with the reason") {
  const auto rows = schedule_table({.name = "all", .ranks = 4, .microbatches = 6}, {});
  CHECK(!row_of(rows, "dualpipev").missing.empty());
  const std::string text = table_text(rows);
  CHECK(contains(text, "| `1f1b` | 1 |", "\nschedule dualpipev on 4 ranks, found M=6"));
  CHECK(!contains(text, "| `dualpipev`"));
  CHECK(table_json(rows)["schedules"].size() == rows.size());
  CHECK_THROWS_AS(schedule_table({.name = "all", .ranks = 4}, {}), Error);
}

TEST_CASE("Costs of stages are for the schedules of so many stages") {
  GivenCosts given;
  given.stages.assign(4, {1, 1, 1});
  given.stages_from = "costs.csv";
  const auto rows = schedule_table({.name = "all", .ranks = 4, .microbatches = 8}, given);
  CHECK(row_of(rows, "1f1b").makespan == 30);
  CHECK(contains(row_of(rows, "zbv").missing, "has 8 stages, not the 4 of costs.csv"));
}
