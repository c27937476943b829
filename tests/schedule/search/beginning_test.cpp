#include "schedule/search/beginning.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "schedule/search/local_search.h"

using namespace pipetrain;
using namespace pipetrain::search;

namespace {

Problem problem_of(const Placement& placement, int microbatches, double live, std::uint64_t seed) {
  const std::uint64_t key = random_key(seed, "costs");
  Costs costs;
  costs.message = static_cast<double>(integer_at(key, 0, 0, 3)) / 4;
  for (std::uint64_t s = 0; s < static_cast<std::uint64_t>(placement.stage_count()); ++s) {
    const auto cost = [&](std::uint64_t op) {
      return static_cast<double>(integer_at(key, 3 * s + op + 1, 0, 7)) / 2;
    };
    costs.stages.push_back({cost(0), cost(1), cost(2)});
  }
  return {placement, microbatches, costs, live};
}

double makespan(const Problem& problem, const Beginning& beginning) {
  return *std::max_element(beginning.times.begin(), beginning.times.begin() + problem.ranks);
}

}  // namespace

TEST_CASE("Whatever grows is a schedule as long as it says, and no bound on the way was above it") {
  int whole = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Placement placement = seed % 3 == 0   ? Placement::loop(3)
                                : seed % 3 == 1 ? Placement::loop(2, 2)
                                                : Placement::wave(3, 2);
    const Problem problem = problem_of(placement, 4, 1 + static_cast<double>(seed % 4) / 2, seed);
    const Growth growth(problem);
    Beginning beginning = growth.empty();
    Growth::Choice choice;
    Orders orders(static_cast<std::size_t>(problem.ranks));
    double bound = beginning.bound;
    std::uint64_t draw = 0;
    while (std::isfinite(beginning.bound)) {
      growth.choose(beginning, choice);
      if (choice.next.empty()) break;
      const RandomWords words = philox(seed, draw++);
      if (choice.may_put_off && words[0] % 16 == 0) {
        growth.put_off(beginning, choice);
        continue;
      }
      const Growth::Pick pick = choice.next[words[1] % choice.next.size()];
      orders[static_cast<std::size_t>(pick.rank)].push_back(pick.step);
      growth.take(beginning, pick);
      growth.estimate(beginning);
      if (std::isfinite(beginning.bound)) bound = std::max(bound, beginning.bound);
    }
    const std::size_t actions = static_cast<std::size_t>(3 * problem.stages * 4);
    std::size_t taken = 0;
    for (const auto& order : orders) taken += order.size();
    if (taken < actions) continue;  // it had put off too much, or ran into a deadlock
    ++whole;
    CAPTURE(seed);
    for (const auto& order : orders) CHECK(is_in_order(problem, order));
    CHECK(makespan(problem, beginning) >= OrderCost(problem).run(orders) - 1e-9);
    CHECK(bound <= makespan(problem, beginning) + 1e-9);
  }
  CHECK(whole > 100);
}

TEST_CASE("The empty beginning's bound is nearly that of all schedules") {
  Costs costs;
  costs.stages.assign(4, {1, 1, 1});
  const auto bound = [&](double live) {
    return Growth(Problem(Placement::loop(4), 8, costs, live)).empty().bound;
  };
  CHECK(bound(8) == 27);     // the last rank waits for 3 F and has 8 x 3 to do
  CHECK(bound(1) == 8 * 9);  // down, back up and W, one at a time
}

TEST_CASE("A full memory that waits for an F of its own rank is a deadlock") {
  Costs costs;
  costs.stages.assign(2, {1, 1, 1});
  const Problem problem(Placement::loop(1, 2), 3, costs, 1);  // two microbatches of a stage
  const Growth growth(problem);
  Beginning beginning = growth.empty();
  growth.take(beginning, {0, problem.step(kF, 0)});
  growth.estimate(beginning);
  CHECK(std::isfinite(beginning.bound));
  growth.take(beginning, {0, problem.step(kF, 0)});
  growth.estimate(beginning);
  CHECK(std::isinf(beginning.bound));
}

TEST_CASE("Of two beginnings that have done the same the earlier one is as good") {
  const Problem problem = problem_of(Placement::loop(2), 2, 2, 1);
  const Growth growth(problem);
  Beginning early = growth.empty();
  growth.take(early, {0, problem.step(kF, 0)});
  Beginning late = early;
  late.times[0] += 1;
  CHECK(Growth::is_as_good(early, early));
  CHECK(Growth::is_as_good(early, late));
  CHECK(!Growth::is_as_good(late, early));
  late = early;
  late.put_off[0] = 1;
  CHECK(Growth::is_as_good(early, late));
  CHECK(!Growth::is_as_good(late, early));
}
