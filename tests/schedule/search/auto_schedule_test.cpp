#include "schedule/search/auto_schedule.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "catch.h"
#include "schedule/search/auto_cases.h"
#include "schedule/validate.h"

using namespace pipetrain;
using namespace pipetrain::auto_cases;

namespace {

constexpr double kQuick = 2e6;

std::vector<std::pair<std::string, Costs>> cost_cases(int ranks, int virtual_stages) {
  const Costs even = equal(ranks, virtual_stages);
  const std::size_t stages = even.stages.size();
  return {{"equal", even},
          {"I = 2W", twice_the_input_gradient(even)},
          {"one slow stage", slow(even, 1, 1.5)},
          {"no W in one stage", without_weights(even, stages / 2)},
          {"heavy last stage", slow(even, stages - 1, 2)},
          {"messages", with_messages(even, 0.1)}};
}

// Valid, in ascending order, within the limit and no slower than any named schedule.
void check_schedule(int ranks, int microbatches, const Costs& costs, const AutoOptions& options) {
  const Schedule schedule = auto_schedule(ranks, microbatches, costs, options);
  CHECK_NOTHROW(validate(schedule));
  CHECK(accumulates_in_ascending_order(schedule));
  const Timeline timeline = simulate(schedule, costs);
  const double limit = options.live_microbatches;
  CHECK(peak(timeline) <= limit + 1e-9);
  CHECK(timeline.makespan() <= best_named(ranks, microbatches, costs, limit).makespan + 1e-9);
  CHECK(timeline.makespan() >= least_makespan(ranks, microbatches, costs, options) - 1e-9);
}

// Every cost of its own; now and then none.
Costs random_costs(int stages, std::uint64_t seed) {
  const std::uint64_t key = random_key(seed, "costs");
  const auto cost = [&](std::uint64_t i) {
    return static_cast<double>(integer_at(key, i, 0, 8)) / 4;
  };
  Costs costs;
  costs.message = cost(0) / 4;
  for (std::uint64_t s = 0; s < static_cast<std::uint64_t>(stages); ++s) {
    costs.stages.push_back({cost(3 * s + 1), cost(3 * s + 2), cost(3 * s + 3)});
  }
  return costs;
}

// What auto gains on the best named schedule at 8 ranks within 1F1B's memory.
double gain(const Costs& costs, int microbatches = 32) {
  const Schedule schedule = auto_schedule(8, microbatches, costs, {8, 2e7});
  return best_named(8, microbatches, costs, 8).makespan - simulate(schedule, costs).makespan();
}

bool named_is_best_possible(const Costs& costs) {
  return best_named(8, 32, costs, 8).makespan <= least_makespan(8, 32, costs, {8}) + 1e-9;
}

}  // namespace

TEST_CASE("auto is valid, within its limit and never slower than a named schedule") {
  for (int virtual_stages : {1, 2}) {
    for (double limit : {2.0, 3.0, 4.0, 8.0}) {
      for (const auto& [name, costs] : cost_cases(4, virtual_stages)) {
        CAPTURE(virtual_stages, limit, name);
        check_schedule(4, 8, costs, {limit, kQuick});
      }
    }
  }
}

TEST_CASE("auto is never slower than a named schedule at random costs") {
  std::uint64_t seed = 0;
  for (int ranks = 1; ranks <= 5; ++ranks) {
    for (int virtual_stages = 1; virtual_stages <= 3; ++virtual_stages) {
      for (int microbatches : {1, 2, 5, 6, 8, 11}) {
        for (double limit : {1.0, 1.5, 3.0, 1.0 * ranks, 1.0 * microbatches}) {
          CAPTURE(ranks, virtual_stages, microbatches, limit, ++seed);
          const Costs costs = random_costs(ranks * virtual_stages, seed);
          check_schedule(ranks, microbatches, costs, {limit, 1e5});
        }
      }
    }
  }
}

TEST_CASE("Within 1F1B's memory auto beats every named schedule where costs are uneven") {
  const Costs one = equal(8, 1), two = equal(8, 2), four = equal(8, 4);
  SECTION("in one stage") {
    CHECK(gain(slow(one, 1, 1.5)) > 0.9);
    CHECK(gain(slow(one, 4, 1.5)) > 1.4);
    CHECK(gain(slow(two, 12, 1.5)) > 1.2);
    CHECK(gain(slow(two, 15, 2)) > 2.4);
    CHECK(gain(slow(four, 0, 1.5)) > 0.5);
    CHECK(gain(slow(four, 31, 2)) > 1.7);
    CHECK(gain(without_weights(four, 7)) > 0.2);
    CHECK(gain(without_weights(four, 8)) > 0.2);
  }
  SECTION("in all stages") { CHECK(gain(twice_the_input_gradient(two), 8) > 1.1); }
  SECTION("and messages take time") {
    CHECK(gain(with_messages(two, 0.1)) > 0.1);
    CHECK(gain(with_messages(twice_the_input_gradient(two), 0.1)) > 0);
    CHECK(gain(with_messages(without_weights(two, 8), 0.1)) > 0);
  }
}

TEST_CASE("Where auto gains nothing without messages, no schedule could") {
  for (int virtual_stages : {1, 2}) {
    const Costs even = equal(8, virtual_stages);
    CHECK(named_is_best_possible(even));
    CHECK(named_is_best_possible(twice_the_input_gradient(even)));
    for (std::size_t stage = 0; stage < even.stages.size(); ++stage) {
      CAPTURE(virtual_stages, stage);
      CHECK(named_is_best_possible(without_weights(even, stage)));
    }
  }
  CHECK(named_is_best_possible(slow(equal(8, 1), 7, 2)));
}

TEST_CASE("auto reaches ZBV's bound, 3M + (p-1)/2, at equal costs and v=2") {
  const Costs costs = equal(8, 2);
  CHECK(simulate(auto_schedule(8, 32, costs, {8, kQuick}), costs).makespan() == Approx(99.5));
}

TEST_CASE("With little memory a step is bound by how long microbatches live") {
  const Costs costs = equal(4, 1);  // a microbatch is live for 9 units on rank 0
  CHECK(least_makespan(4, 8, costs, {1}) == 8 * 9);
  CHECK(simulate(auto_schedule(4, 8, costs, {1, kQuick}), costs).makespan() == 8 * 9);
  CHECK(least_makespan(4, 8, costs, {2}) == 4 * 9);
  CHECK(least_makespan(4, 8, costs, {4}) == 27);  // as before: work and gradients bind
}

// The optima are CP-SAT's (scripts/auto_check.py).
TEST_CASE("auto solves small problems, and the bound says that it did") {
  const auto check = [](int ranks, int microbatches, const Costs& costs, double live, double best) {
    const AutoOptions options{live};
    const double found =
        simulate(auto_schedule(ranks, microbatches, costs, options), costs).makespan();
    CHECK(found == best);
    CHECK(least_makespan(ranks, microbatches, costs, options) < best);
    CHECK(least_makespan(ranks, microbatches, costs, options, found) == best);
    CHECK(least_makespan(ranks, microbatches, costs, options, best + 2) < best);  // it is not least
  };
  check(2, 3, {{{3, 1, 5}, {6, 6, 2}, {4, 4, 1}, {6, 2, 0}}, 1}, 2, 73);
  check(3, 4, {{{6, 2, 2}, {4, 1, 1}, {3, 5, 5}, {6, 3, 1}, {2, 1, 2}, {6, 4, 0}}, 1}, 2, 115);
  check(3, 6, {{{1, 6, 2}, {1, 6, 2}, {1, 6, 2}, {1, 6, 2}, {1, 6, 2}, {3, 2, 3}}, 0}, 2, 127);
  check(3, 8, {{{5, 4, 0}, {5, 4, 0}, {5, 4, 0}, {2, 6, 6}, {5, 4, 0}, {5, 4, 0}}, 0}, 3, 195);
  check(4, 3, {std::vector<StageCost>(8, {2, 1, 6}), 1}, 2, 79);
  check(2, 8, {{{5, 6, 0}, {4, 6, 4}, {3, 6, 5}, {4, 1, 5}}, 1}, 1, 265);
}

TEST_CASE("auto gives every rank of a job the same schedule") {
  const Costs costs = slow(equal(4, 2), 1, 1.5);
  const AutoOptions options{3, kQuick};
  CHECK(auto_schedule(4, 8, costs, options).ranks == auto_schedule(4, 8, costs, options).ranks);
}

TEST_CASE("auto works at the edges and refuses what cannot be") {
  const Costs one{{{1, 1, 1}}, 0};
  CHECK_NOTHROW(validate(auto_schedule(1, 1, one)));
  CHECK_NOTHROW(validate(auto_schedule(1, 5, Costs{{{1, 1, 1}, {1, 1, 1}}, 0})));
  for (int ranks = 2; ranks <= 5; ++ranks) {
    for (int virtual_stages = 1; virtual_stages <= 4; ++virtual_stages) {
      for (double limit : {0.0, 1.0}) {
        const Costs costs = with_messages(equal(ranks, virtual_stages), 0.1);
        CAPTURE(ranks, virtual_stages, limit);
        CHECK_NOTHROW(validate(auto_schedule(ranks, 3, costs, {limit, 1e5})));
      }
    }
  }
  for (int stages : {86, 300}) {  // more steps than a byte counts
    CAPTURE(stages);
    CHECK_NOTHROW(validate(auto_schedule(1, 1, equal(1, stages))));
    CHECK_NOTHROW(validate(auto_schedule(2, 3, equal(2, stages), {2, 1e5})));
  }
  CHECK_NOTHROW(validate(auto_schedule(2, 3, equal(2, 8), {1e9, 1e5})));
  CHECK_THROWS_AS(auto_schedule(2, 2147483647, equal(2, 1)), Error);
  CHECK_THROWS_AS(auto_schedule(2, 4, one), Error);
  CHECK_THROWS_AS(auto_schedule(1, 4, one, {0.5}), Error);
  CHECK_THROWS_AS(auto_schedule(1, 4, one, {std::nan("")}), Error);
  CHECK_THROWS_AS(auto_schedule(1, 4, one, {-1}), Error);
}
