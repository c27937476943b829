#include "schedule/simulate.h"

#include "catch.h"
#include "schedule/generate.h"

using namespace pipetrain;

TEST_CASE("1F1B has the textbook bubble and memory") {
  const Schedule schedule = generate("1f1b", 4, 1, 8);
  const Costs costs = equal_costs(schedule, 1, 1, 1);
  const Timeline drawn = simulate(schedule, costs, BackwardSends::kAfterBackward);
  CHECK(drawn.makespan() == Approx(33));
  CHECK(drawn.bubble_fraction() == Approx(1 - 24.0 / 33));
  CHECK(drawn.peak_live_microbatches == std::vector<double>{4, 3, 2, 1});
  CHECK(drawn.busy(2) == Approx(24));
  CHECK(simulate(schedule, costs).makespan() == Approx(30));  // gradients first
}

TEST_CASE("Messages between ranks take their time") {
  const Schedule schedule = generate("1f1b", 4, 1, 8);
  const Costs costs = equal_costs(schedule, 1, 1, 1, 0.1);
  CHECK(simulate(schedule, costs, BackwardSends::kAfterBackward).makespan() == Approx(34.6));
}

TEST_CASE("A slow stage makes the others wait, and the wait names its action") {
  const Schedule schedule = generate("gpipe", 2, 1, 2);
  Costs costs = equal_costs(schedule, 1, 1, 1);
  costs.stages[1].forward = 3;
  const Timeline timeline = simulate(schedule, costs);
  const Span& wait = timeline.ranks[0][2];
  CHECK(wait.waiting);
  CHECK(text_of(wait.action) == "0I0");
  CHECK(wait.start == 2);
  CHECK(wait.end == 8);
}

TEST_CASE("An evaluation keeps one microbatch at a time") {
  const Schedule schedule = generate_forward_only(Placement::kLoop, 3, 1, 7);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 0, 0));
  CHECK(timeline.makespan() == Approx(9));
  CHECK(timeline.peak_live_microbatches == std::vector<double>{1, 1, 1});
}
