#include "schedule/search/rule_search.h"

#include <cstdint>

#include "catch.h"
#include "schedule/search/local_search.h"
#include "schedule/validate.h"

using namespace pipetrain;
using namespace pipetrain::search;

namespace {

// Four ranks, one of them slow in its weights.
Problem example() {
  Costs costs;
  costs.stages.assign(4, {1, 1.5, 0.5});
  costs.stages[1].backward_weight = 2;
  costs.message = 0.25;
  return {Placement::loop(4), 8, costs, 4};
}

// A rule that keeps ranks waiting: one microbatch at a time.
ListRule poor_rule(const Problem& problem) {
  return regular_rule(problem, {1, 1, 1, 1}, true, 0, 0);
}

struct Found {
  double makespan;
  Orders orders;
};

Found found_by(const Problem& problem, long trials, std::uint64_t seed) {
  const ListRule rule = poor_rule(problem);
  Found found{0, list_schedule(problem, rule)};
  found.makespan = search_rules(problem, rule, found.orders, trials, seed);
  return found;
}

}  // namespace

TEST_CASE("Changed rules make a shorter schedule within the limit, and say how long it is") {
  const Problem problem = example();
  OrderCost cost(problem);
  const double before = cost.run(list_schedule(problem, poor_rule(problem)));
  const Found found = found_by(problem, 2000, 3);
  CHECK(found.makespan < before);
  CHECK(found.makespan >= least_makespan(problem));
  CHECK(found.makespan == cost.run(found.orders));
  for (const auto& order : found.orders) CHECK(is_in_order(problem, order));
  CHECK_NOTHROW(validate(schedule_of(problem, found.orders)));
}

TEST_CASE("The same seed finds the same rules, and no trials change nothing") {
  const Problem problem = example();
  CHECK(found_by(problem, 100, 1).orders == found_by(problem, 100, 1).orders);
  CHECK(found_by(problem, 100, 1).orders != found_by(problem, 100, 2).orders);
  CHECK(found_by(problem, 0, 1).orders == list_schedule(problem, poor_rule(problem)));
}
