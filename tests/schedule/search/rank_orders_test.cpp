#include "schedule/search/rank_orders.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;
using namespace pipetrain::search;

namespace {

// Every part of every stage takes another time.
Costs uneven_costs(int stages) {
  Costs costs{{}, 0.375};
  for (int s = 0; s < stages; ++s) {
    costs.stages.push_back({1 + 0.25 * s, 1.5 + 0.125 * (s % 3), 0.5 + 0.25 * (s % 2)});
  }
  return costs;
}

}  // namespace

TEST_CASE("Orders of a schedule make that schedule again, a B as I and W") {
  for (const std::string& name : schedule_names()) {
    INFO(name);
    if (copies_of(name) > 1) continue;  // not searched for
    const Schedule schedule = generate(name, 3, default_virtual_stages(name), 6);
    if (!accumulates_in_ascending_order(schedule)) continue;
    const Problem problem(schedule.placement, 6, uneven_costs(schedule.stage_count()), 6);
    const Schedule again = schedule_of(problem, orders_of(schedule));
    CHECK(again.ranks == split_backward(schedule).ranks);
    CHECK(again.placement == schedule.placement);
  }
}

TEST_CASE("Orders take as long as the simulator says, and none take less than the bound") {
  for (const std::string& name : schedule_names()) {
    INFO(name);
    if (copies_of(name) > 1) continue;  // not searched for
    const Schedule schedule = generate(name, 3, default_virtual_stages(name), 6);
    if (!accumulates_in_ascending_order(schedule)) continue;
    const Costs costs = uneven_costs(schedule.stage_count());
    const Timeline timeline = simulate(schedule, costs);
    double live = 0;
    for (const double peak : timeline.peak_live_microbatches) live = std::max(live, peak);
    const Problem problem(schedule.placement, 6, costs, live);
    OrderCost cost(problem);
    const double makespan = cost.run(orders_of(schedule));
    CHECK(makespan == Approx(timeline.makespan()));
    CHECK(least_makespan(problem) <= makespan + 1e-9);
    CHECK(cost.mean_end() <= makespan);
    CHECK(cost.run(orders_of(schedule)) == makespan);  // again, with the same memory
  }
}

TEST_CASE("Orders that wait for each other never end") {
  Costs costs;
  costs.stages.assign(2, {1, 1, 1});
  const Problem problem(Placement::loop(1, 2), 1, costs, 1);
  OrderCost cost(problem);
  // The second stage's F before the first one's.
  CHECK(std::isinf(cost.run({{problem.step(kF, 1), problem.step(kF, 0), problem.step(kI, 1),
                              problem.step(kI, 0), problem.step(kW, 0), problem.step(kW, 1)}})));
}

TEST_CASE("One microbatch at a time takes the sum of all, but weights that go on meanwhile") {
  Costs costs;
  costs.stages.assign(2, {1, 2, 4});
  const Problem problem(Placement::loop(2), 3, costs, 1);
  OrderCost cost(problem);
  // The first rank's F waits for its own W; the second one's W ends before the next F comes.
  CHECK(cost.run(one_at_a_time(problem)) == 3 * (1 + 1 + 2 + 2 + 4));
}

TEST_CASE("The longest chain has no gap, and its actions take all of the time") {
  const Schedule schedule = generate("1f1b", 4, 1, 6);
  Costs costs = uneven_costs(4);
  costs.message = 0;
  const Problem problem(Placement::loop(4), 6, costs, 4);
  OrderCost cost(problem);
  const Orders orders = orders_of(schedule);
  const double makespan = cost.run(orders);
  double sum = 0;
  for (const OrderCost::Place& place : cost.critical_path(orders)) {
    const Step step =
        orders[static_cast<std::size_t>(place.rank)][static_cast<std::size_t>(place.position)];
    sum += problem.duration(place.rank, step);
  }
  CHECK(sum == Approx(makespan));
}

TEST_CASE("The limit counts microbatches of a stage, and there are no more than all") {
  Costs costs;
  costs.stages.assign(4, {1, 1, 1});
  CHECK(Problem(Placement::loop(2, 2), 8, costs, 2.5).live_limit == 5);
  CHECK(Problem(Placement::loop(2, 2), 8, costs, 100).live_limit == 16);
}

// Worked out by hand: p ranks of equal stages, F = I = W = 1.
TEST_CASE("The bound is what is known of equal stages") {
  Costs costs;
  costs.stages.assign(4, {1, 1, 1});
  // Memory for p microbatches: the last rank waits for 3 F and has 8 x 3 to do.
  CHECK(least_makespan(Problem(Placement::loop(4), 8, costs, 8)) == 27);
  // One at a time: down and back up, and the first rank's W, eight times.
  CHECK(least_makespan(Problem(Placement::loop(4), 8, costs, 1)) == 8 * (4 + 4 + 1));
}
