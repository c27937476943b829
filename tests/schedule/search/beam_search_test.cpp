#include "schedule/search/beam_search.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "schedule/search/local_search.h"
#include "schedule/validate.h"

using namespace pipetrain;
using namespace pipetrain::search;

namespace {

constexpr double kNoLimit = 1e9, kMuch = 1e9;

Costs drawn_costs(int stages, std::uint64_t seed) {
  const std::uint64_t key = random_key(seed, "costs");
  Costs costs;
  costs.message = static_cast<double>(integer_at(key, 0, 0, 3));
  for (std::uint64_t s = 0; s < static_cast<std::uint64_t>(stages); ++s) {
    const auto cost = [&](std::uint64_t op) {
      return static_cast<double>(integer_at(key, 3 * s + op + 1, 0, 6));
    };
    costs.stages.push_back({cost(0), cost(1), cost(2)});
  }
  return costs;
}

// All orders of a rank.
void add_orders(const Problem& problem, int rank, std::vector<Step>& order,
                std::vector<std::vector<Step>>& all) {
  if (!is_in_order(problem, order)) return;
  const int actions = 3 * problem.laps(rank) * problem.microbatches;
  if (std::ssize(order) == actions) {
    all.push_back(order);
    return;
  }
  for (Step step = 0; step < 3 * problem.virtual_stages; ++step) {
    if (problem.lap(step) >= problem.laps(rank)) continue;
    if (std::count(order.begin(), order.end(), step) == problem.microbatches) continue;
    order.push_back(step);
    add_orders(problem, rank, order, all);
    order.pop_back();
  }
}

// By trying all orders of all (one or two) ranks.
double shortest(const Problem& problem) {
  std::vector<std::vector<std::vector<Step>>> all(static_cast<std::size_t>(problem.ranks));
  for (int rank = 0; rank < problem.ranks; ++rank) {
    std::vector<Step> order;
    add_orders(problem, rank, order, all[static_cast<std::size_t>(rank)]);
  }
  OrderCost cost(problem);
  double least = kNoLimit;
  for (const auto& first : all.front()) {
    if (problem.ranks == 1) {
      least = std::min(least, cost.run({first}));
      continue;
    }
    for (const auto& second : all.back()) least = std::min(least, cost.run({first, second}));
  }
  return least;
}

void check_is_shortest(const Problem& problem) {
  const double least = shortest(problem);
  const Beam beam = beam_search(problem, {kNoLimit, 10000, kMuch});
  CHECK(beam.saw_all);
  REQUIRE(!beam.orders.empty());
  CHECK_NOTHROW(validate(schedule_of(problem, beam.orders)));
  for (const auto& order : beam.orders) CHECK(is_in_order(problem, order));
  CHECK(OrderCost(problem).run(beam.orders) == Approx(least));
  const Beam nothing = beam_search(problem, {least, 10000, kMuch});
  CHECK(nothing.saw_all);
  CHECK(nothing.orders.empty());
}

// Its optimum is 127, with the wave; the best named schedule takes 151.
Problem wave_example() {
  Costs costs;
  costs.stages.assign(5, {1, 6, 2});
  costs.stages.push_back({3, 2, 3});
  return {Placement::wave(3, 2), 6, costs, 2};
}

}  // namespace

TEST_CASE("A beam that saw all has found the shortest of all schedules") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    for (const double live : {1.0, 1.5, 2.0}) {
      CAPTURE(seed, live);
      check_is_shortest({Placement::loop(2), 3, drawn_costs(2, seed), live});
      check_is_shortest({Placement::loop(1, 2), 2, drawn_costs(2, seed), live});
      check_is_shortest({Placement::of({{0, 2}, {1}}), 2, drawn_costs(3, seed), live});
    }
  }
}

TEST_CASE("A wider beam finds the optimum of a wave, and knows it") {
  const Problem problem = wave_example();
  const Beam wide = beam_search(problem, {140, 4096, kMuch});
  CHECK(wide.saw_all);
  CHECK(OrderCost(problem).run(wide.orders) == 127);
  const Beam narrow = beam_search(problem, {140, 64, kMuch});
  CHECK(!narrow.saw_all);
  CHECK(narrow.effort < wide.effort);
}

TEST_CASE("A beam gives up when its effort is spent, and is the same every time") {
  const Problem problem = wave_example();
  const Beam tired = beam_search(problem, {140, 256, 1000});
  CHECK(!tired.saw_all);
  CHECK(tired.orders.empty());
  const Beam once = beam_search(problem, {140, 256, kMuch});
  const Beam again = beam_search(problem, {140, 256, kMuch});
  CHECK(!once.orders.empty());
  CHECK(once.orders == again.orders);
  CHECK(once.effort == again.effort);
}

TEST_CASE("Ranks of more stages than a beam can tell apart are left to others") {
  Costs costs;
  costs.stages.assign(33, {1, 1, 1});
  const Beam beam = beam_search({Placement::loop(1, 33), 1, costs, 1}, {kNoLimit, 16, kMuch});
  CHECK(!beam.saw_all);
  CHECK(beam.orders.empty());
}
