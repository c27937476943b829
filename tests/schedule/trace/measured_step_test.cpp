#include "schedule/trace/measured_step.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"

using namespace pipetrain;

namespace {

Costs uneven_costs(const Schedule& schedule, double message) {
  Costs costs{{}, message};
  for (int s = 0; s < schedule.stage_count(); ++s) costs.stages.push_back({1.0 + s, 2, 0.5 * s});
  return costs;
}

TracedStep step_of(int number, double duration) {
  TracedStep step{number, {{{{{Op::kForward, 0, 0}, false, 1, 2}}}, {}}};
  step.other_work = {{{"update", 2, 1 + duration}}};
  return step;
}

}  // namespace

TEST_CASE("The schedule and the costs that ran are found again in what was measured") {
  for (const auto& [name, virtual_stages] :
       {std::pair{"1f1b", 1}, {"zb-h1", 1}, {"interleaved", 2}, {"zbv", 2}, {"gpipe", 1}}) {
    INFO(name);
    const Schedule schedule = generate(name, 4, virtual_stages, 8);
    const Costs costs = uneven_costs(schedule, 0.25);
    const Timeline timeline = simulate(schedule, costs);
    const Schedule found = schedule_of(timeline, "trace");
    CHECK(found.placement == schedule.placement);
    CHECK(found.placement == schedule.placement);
    CHECK(found.microbatches == schedule.microbatches);
    CHECK(found.ranks == split_backward(schedule).ranks);
    const Costs mean = mean_costs(timeline, found);
    for (std::size_t s = 0; s < costs.stages.size(); ++s) {
      CHECK(mean.stages[s].forward == Approx(costs.stages[s].forward));
      CHECK(mean.stages[s].backward_input == Approx(costs.stages[s].backward_input));
      CHECK(mean.stages[s].backward_weight == Approx(costs.stages[s].backward_weight));
    }
    CHECK(median_message(timeline, found) == Approx(0.25));
    CHECK(simulate(found, {mean.stages, 0.25}).makespan() == Approx(timeline.makespan()));
  }
}

TEST_CASE("A stage that recomputes is predicted with its Rs") {
  const Schedule schedule = generate("1f1b", 4, 1, 8);
  Costs costs = uneven_costs(schedule, 0.25);
  costs.stages[1].recompute = 1.5;
  const Timeline timeline = simulate(schedule, costs);
  const Schedule found = schedule_of(timeline, "trace");
  CHECK(found.ranks == split_backward(schedule).ranks);
  const Costs mean = mean_costs(timeline, found);
  CHECK(mean.stages[0].recompute == 0);
  CHECK(mean.stages[1].recompute == Approx(1.5));
  CHECK(median_message(timeline, found) == Approx(0.25));
  CHECK(simulate(found, {mean.stages, 0.25}).makespan() == Approx(timeline.makespan()));
}

TEST_CASE("Actions that are no schedule are refused as data") {
  const Schedule schedule = generate("1f1b", 2, 1, 4);
  Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1, 1));
  timeline.ranks[1].pop_back();
  try {
    schedule_of(timeline, "trace.json, step 4");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kData);
    CHECK_THAT(error.what(), ContainsSubstring("trace.json, step 4"));
  }
}

TEST_CASE("The step of median duration is chosen, or the one asked for") {
  const std::vector<TracedStep> steps = {step_of(3, 9), step_of(4, 2), step_of(5, 4)};
  CHECK(duration_of(steps[2]) == 4);
  CHECK(choose_step(steps, {}).step == 5);
  CHECK(choose_step(steps, 3).step == 3);
  CHECK_THROWS_WITH(choose_step(steps, 6), ContainsSubstring("expected one of 3 to 5"));
  CHECK_THROWS_WITH(choose_step({steps[0], steps[2]}, 4),
                    ContainsSubstring("expected one of 3, 5"));
}

TEST_CASE("In other units a step begins at its first action") {
  const TracedStep step = in_units(step_of(3, 9), 0.001);
  CHECK(step.timeline.ranks[0][0].start == 0);
  CHECK(step.timeline.ranks[0][0].end == Approx(1000));
  CHECK(step.other_work[0][0].end == Approx(9000));
}

TEST_CASE("A comparison predicts from what was measured, and says what the picture does not") {
  const Schedule schedule = generate("1f1b", 2, 1, 4);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 0.01, 0.01, 0.01, 0.002));
  const double end = timeline.makespan();
  TracedStep step{5, timeline, {{{"feed", -0.001, 0}}, {{"update", end, end + 0.004}}}};
  step.other_work[0].push_back({"update", end, end + 0.003});
  const StepComparison both = compare(step, "trace.json");
  CHECK(both.time_unit == "ms");
  CHECK(both.measured.timeline.makespan() == Approx(1000 * end));
  CHECK(both.predicted.makespan() ==
        Approx(simulate(schedule, equal_costs(schedule, 10, 10, 10)).makespan()));
  CHECK_THAT(both.predicted_note(), ContainsSubstring("2 ms, median"));
  CHECK_THAT(both.measured_note(),
             ContainsSubstring("whole step 149 ms") && ContainsSubstring("feed 1 ms, update 4 ms"));
}
