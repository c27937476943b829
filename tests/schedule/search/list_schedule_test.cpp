#include "schedule/search/list_schedule.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/search/local_search.h"
#include "schedule/validate.h"

using namespace pipetrain;
using namespace pipetrain::search;

namespace {

Problem equal_stages(int ranks, int microbatches, double live) {
  Costs costs;
  costs.stages.assign(static_cast<std::size_t>(ranks), {1, 1, 1});
  return {Placement::loop(ranks), microbatches, costs, live};
}

}  // namespace

TEST_CASE("A rule that prefers gradients and may lead by as many as there are ranks gives 1F1B") {
  const Problem problem = equal_stages(2, 3, 2);
  const Orders orders = list_schedule(problem, regular_rule(problem, {2, 1}, true, 0, 0));
  CHECK(schedule_of(problem, orders).ranks == actions_of(R"(
    0F0 0F1 0I0 0W0 0F2 0I1 0W1 0I2 0W2
    1F0 1I0 1W0 1F1 1I1 1W1 1F2 1I2 1W2
  )"));
}

TEST_CASE("F leads I by as many as the rule says, whatever the memory") {
  const Problem problem = equal_stages(2, 4, 4);
  for (int ahead = 1; ahead <= 4; ++ahead) {
    const Orders orders =
        list_schedule(problem, regular_rule(problem, {ahead, ahead}, false, 0, 0));
    REQUIRE(orders.size() == 2);
    int lead = 0, most = 0;
    for (const Step step : orders[0]) {
      lead += problem.op(step) == kF ? 1 : problem.op(step) == kI ? -1 : 0;
      most = std::max(most, lead);
    }
    CHECK(most <= ahead);
  }
}

TEST_CASE("Weights that may be kept wait, others come first") {
  const Problem problem = equal_stages(1, 3, 3);
  const auto text = [&](int kept) {
    const Orders orders = list_schedule(problem, regular_rule(problem, {3}, true, 0, kept));
    std::string letters;
    for (const Step step : orders[0]) letters += "FIW"[problem.op(step)];
    return letters;
  };
  CHECK(text(0) == "FIWFIWFIW");
  CHECK(text(3).ends_with("WWW"));
}

TEST_CASE("Whatever the rule, its orders are a schedule within the limit") {
  for (const double live : {1.0, 2.0, 4.0}) {
    const Problem problem = equal_stages(4, 6, live);
    for (const double factor : {0.5, 1.0, 2.0}) {
      for (const auto& ahead :
           {ahead_filling_memory(problem, factor), ahead_by_return_time(problem, factor)}) {
        for (const bool gradients_first : {true, false}) {
          const Orders orders =
              list_schedule(problem, regular_rule(problem, ahead, gradients_first, 0.5, 1));
          REQUIRE(orders.size() == 4);
          for (const auto& order : orders) CHECK(is_in_order(problem, order));
          CHECK_NOTHROW(validate(schedule_of(problem, orders)));
        }
      }
    }
  }
}

// Two ranks with two stages each, F = I = 1: a stage's gradient is back after 8, 6, 4 and 2.
TEST_CASE("What fills the memory is shared out among a rank's stages by the time until I") {
  Costs costs;
  costs.stages.assign(4, {1, 1, 1});
  const Problem problem(Placement::loop(2, 2), 8, costs, 4);  // 8 microbatches of a stage
  CHECK(ahead_filling_memory(problem, 1) == std::vector<int>{5, 6, 3, 2});
  CHECK(ahead_filling_memory(problem, 0.01) == std::vector<int>(4, 1));
}

TEST_CASE("What keeps the pace is the time until I over the slowest rank's work") {
  CHECK(ahead_by_return_time(equal_stages(4, 8, 4), 1) == std::vector<int>{3, 2, 1, 1});
  CHECK(ahead_by_return_time(equal_stages(4, 8, 4), 2) == std::vector<int>{5, 4, 3, 1});
}
