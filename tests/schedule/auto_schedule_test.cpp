#include "schedule/auto_schedule.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate.h"
#include "schedule/validate.h"

using namespace pipetrain;

namespace {

constexpr double kQuick = 2e6;

double peak(const Timeline& timeline) {
  return *std::max_element(timeline.peak_live_microbatches.begin(),
                           timeline.peak_live_microbatches.end());
}

// The fastest named schedule that keeps to the limit; infinite if none does.
double best_named(int ranks, int microbatches, const Costs& costs, double limit) {
  double best = std::numeric_limits<double>::infinity();
  const int virtual_stages = static_cast<int>(costs.stages.size()) / ranks;
  for (const std::string& name : schedule_names()) {
    try {
      const Schedule schedule = generate(name, ranks, virtual_stages, microbatches);
      const Timeline timeline = simulate(schedule, costs);
      if (peak(timeline) <= limit + 1e-9) best = std::min(best, timeline.makespan());
    } catch (const Error&) {
      // It does not exist for these sizes.
    }
  }
  return best;
}

struct CostCase {
  std::string name;
  Costs costs;
};

void slow_down(StageCost& stage, double factor) {
  stage.forward *= factor;
  stage.backward_input *= factor;
  stage.backward_weight *= factor;
}

std::vector<CostCase> cost_cases(int ranks, int virtual_stages) {
  const auto stages = static_cast<std::size_t>(ranks * virtual_stages);
  const double share = 1.0 / virtual_stages;
  const Costs equal{std::vector<StageCost>(stages, {share, share, share}), 0};
  std::vector<CostCase> cases{{"equal", equal},
                              {"I = 2W", equal},
                              {"one slow stage", equal},
                              {"no W in one stage", equal},
                              {"heavy last stage", equal},
                              {"messages", equal}};
  for (StageCost& stage : cases[1].costs.stages) stage.backward_input = 2 * share;
  slow_down(cases[2].costs.stages[1], 1.5);
  cases[3].costs.stages[stages / 2].backward_weight = 0;
  slow_down(cases[4].costs.stages.back(), 2);
  cases[5].costs.message = 0.1 * share;
  return cases;
}

}  // namespace

TEST_CASE(
    "auto is never slower than a named schedule within the same memory, and often the best there "
    "is") {
  for (int virtual_stages : {1, 2}) {
    for (double limit : {2.0, 3.0, 4.0, 8.0}) {
      for (const CostCase& one : cost_cases(4, virtual_stages)) {
        CAPTURE(virtual_stages, limit, one.name);
        const AutoOptions options{limit, kQuick};
        const Schedule schedule = auto_schedule(4, 8, one.costs, options);
        CHECK_NOTHROW(validate(schedule));
        CHECK(accumulates_in_ascending_order(schedule));
        const Timeline timeline = simulate(schedule, one.costs);
        CHECK(peak(timeline) <= limit);
        CHECK(timeline.makespan() <= best_named(4, 8, one.costs, limit) + 1e-9);
        CHECK(timeline.makespan() >= least_makespan(4, 8, one.costs, options) - 1e-9);
      }
    }
  }
}

TEST_CASE("Within 1F1B's memory auto beats every named schedule where costs are uneven") {
  const auto gain = [](int virtual_stages, std::size_t which) {
    const Costs costs = cost_cases(8, virtual_stages)[which].costs;
    const Schedule schedule = auto_schedule(8, 32, costs, {8, 2e7});
    return best_named(8, 32, costs, 8) - simulate(schedule, costs).makespan();
  };
  CHECK(gain(1, 2) > 0);  // one slow stage
  CHECK(gain(2, 4) > 0);  // a heavy last stage
  CHECK(gain(2, 5) > 0);  // messages
}

TEST_CASE("auto reaches ZBV's bound, 3M + (p-1)/2, at equal costs and v=2") {
  const Costs costs = cost_cases(8, 2)[0].costs;
  CHECK(simulate(auto_schedule(8, 32, costs, {8, kQuick}), costs).makespan() == Approx(99.5));
}

TEST_CASE("auto gives every rank of a job the same schedule") {
  const Costs costs = cost_cases(4, 2)[2].costs;
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
        const Costs costs = cost_cases(ranks, virtual_stages)[5].costs;
        CAPTURE(ranks, virtual_stages, limit);
        CHECK_NOTHROW(validate(auto_schedule(ranks, 3, costs, {limit, 1e5})));
      }
    }
  }
  CHECK_THROWS_AS(auto_schedule(2, 4, one), Error);
  CHECK_THROWS_AS(auto_schedule(1, 4, one, {0.5}), Error);
}
