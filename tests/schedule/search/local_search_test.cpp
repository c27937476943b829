#include "schedule/search/local_search.h"

#include <cstdint>
#include <vector>

#include "catch.h"
#include "schedule/validate.h"

using namespace pipetrain;
using namespace pipetrain::search;

namespace {

// Stages of one length each, the second of them twice as long.
Problem problem_of(int ranks, int microbatches, double live) {
  Costs costs;
  for (int stage = 0; stage < ranks; ++stage) {
    const double length = stage == 1 ? 2 : 1;
    costs.stages.push_back({length, length, length});
  }
  return {Placement::loop(ranks), microbatches, costs, live};
}

}  // namespace

TEST_CASE("An order has F, I and W of each microbatch one after the other, and few enough live") {
  const Problem problem = problem_of(1, 2, 1);
  CHECK(is_in_order(problem, {kF, kI, kW, kF, kI, kW}));
  CHECK(!is_in_order(problem, {kF, kF, kI, kW, kI, kW}));  // two are live
  CHECK(!is_in_order(problem, {kF, kI, kF, kW, kI, kW}));
  CHECK(!is_in_order(problem, {kI, kF, kW, kF, kI, kW}));
  CHECK(!is_in_order(problem, {kF, kW, kI, kF, kI, kW}));
  const Problem roomy = problem_of(1, 2, 2);
  CHECK(is_in_order(roomy, {kF, kF, kI, kI, kW, kW}));
  CHECK(!is_in_order(roomy, {kF, kF, kI, kW, kW, kI}));
}

TEST_CASE("Of several stages each has an order of its own, and all are live together") {
  Costs costs;
  costs.stages.assign(2, {1, 1, 1});
  const Problem problem(Placement::loop(1, 2), 1, costs, 1);  // one microbatch on both stages
  const auto step = [&](int op, int lap) { return problem.step(op, lap); };
  CHECK(is_in_order(
      problem, {step(kF, 0), step(kF, 1), step(kI, 1), step(kI, 0), step(kW, 0), step(kW, 1)}));
  CHECK(!is_in_order(
      problem, {step(kF, 0), step(kI, 1), step(kF, 1), step(kI, 0), step(kW, 0), step(kW, 1)}));
}

TEST_CASE("The search shortens a poor order, keeps it a schedule, and says how long it is") {
  for (const double live : {1.0, 2.0, 3.0}) {
    const Problem problem = problem_of(3, 5, live);
    Orders orders = one_at_a_time(problem);
    OrderCost cost(problem);
    const double before = cost.run(orders);
    const double found = local_search(problem, orders, 3000, 7);
    INFO("live " << live);
    CHECK(found == cost.run(orders));
    CHECK(found >= least_makespan(problem));
    CHECK(found <= before);
    if (live > 1) CHECK(found < before);
    for (const auto& order : orders) CHECK(is_in_order(problem, order));
    CHECK_NOTHROW(validate(schedule_of(problem, orders)));
  }
}

TEST_CASE("The same seed finds the same orders, and no trials change nothing") {
  const Problem problem = problem_of(3, 5, 3);
  const auto search = [&](long trials, std::uint64_t seed) {
    Orders orders = one_at_a_time(problem);
    local_search(problem, orders, trials, seed);
    return orders;
  };
  CHECK(search(200, 1) == search(200, 1));
  CHECK(search(200, 1) != search(200, 2));
  CHECK(search(0, 1) == one_at_a_time(problem));
}
