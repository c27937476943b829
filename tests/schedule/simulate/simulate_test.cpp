#include "schedule/simulate/simulate.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"

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
  const Schedule schedule = generate_forward_only(Placement::loop(3, 1), 7);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 0, 0));
  CHECK(timeline.makespan() == Approx(9));
  CHECK(timeline.peak_live_microbatches == std::vector<double>{1, 1, 1});
}

// F=I=W=R=1:
//   rank 0  F0 F1 R0 I0 W0 F2 R1 I1 W1 R2 I2 W2
//   rank 1  .. F0 I0 W0 F1 I1 W1 F2 I2 W2
TEST_CASE("A rank recomputes while it waits for the gradient, and not right after the forward") {
  const Schedule schedule = generate("1f1b", 2, 1, 3);
  Costs costs = equal_costs(schedule, 1, 1, 1);
  CHECK(simulate(schedule, costs).makespan() == 11);
  for (StageCost& stage : costs.stages) stage.recompute = 1;
  const Timeline timeline = simulate(schedule, costs);
  CHECK(draw_row(timeline.ranks[0], 3, false) == "F0 F1 R0 I0 W0 F2 R1 I1 W1 R2 I2 W2");
  CHECK(draw_row(timeline.ranks[1], 3, false) == "   F0 I0 W0 F1 I1 W1 F2 I2 W2");
  CHECK(timeline.makespan() == 12);  // two of the three Rs run where rank 0 had to wait
  CHECK(timeline.busy(0) == 12);
  CHECK(timeline.peak_live_microbatches == std::vector<double>{2, 1});
  // B as one action sends its gradient a unit later, and R still comes before the wait for it.
  const Schedule listed = add_recompute(schedule, {true, true});
  CHECK(draw_row(simulate(listed, costs, BackwardSends::kAfterBackward).ranks[0], 3, false) ==
        "F0 F1 R0    B0    F2 R1 B1    R2 B2");

  costs.message = 2;
  const Timeline far = simulate(schedule, costs);
  const Span& wait = far.ranks[0][3];
  CHECK(text_of(wait.action) == "0I0");
  CHECK(wait.waiting);
  CHECK(wait.start == 3);  // after R0
}

TEST_CASE("What is made again within I takes its time where other work stood between F and I") {
  const Schedule schedule = generate("1f1b", 2, 1, 3);
  Costs costs = equal_costs(schedule, 1, 1, 1);
  for (StageCost& stage : costs.stages) stage.remake = 2;
  const Timeline timeline = simulate(schedule, costs);
  CHECK(timeline.busy(0) == 3 * 3 + 3 * 2);
  CHECK(timeline.busy(1) == 3 * 3);  // each I follows its F
  const Timeline listed = simulate(schedule, costs, BackwardSends::kAfterBackward);
  CHECK(listed.busy(0) == 3 * 3 + 3 * 2);
  costs.cores = 1;
  const Timeline shared = simulate(schedule, costs);
  CHECK(shared.makespan() == Approx(6 * 3 + 3 * 2));
}

TEST_CASE("A schedule in which the Rs stand already is simulated as it is") {
  const Schedule schedule = generate("zbv", 4, 2, 8);
  Costs costs = equal_costs(schedule, 1, 1, 1);
  for (StageCost& stage : costs.stages) stage.recompute = 0.5;
  const Schedule listed = add_recompute(schedule, std::vector<bool>(8, true));
  const Timeline a = simulate(schedule, costs), b = simulate(listed, costs);
  CHECK(a.makespan() == b.makespan());
  for (int rank = 0; rank < 4; ++rank) CHECK(a.busy(rank) == b.busy(rank));
}

// Rank 0's T takes from 3 to 7, its part of the gradient leaves at 5; rank 1's own is there before.
TEST_CASE("A T's part of the gradient leaves in its middle where the last stage's I waits for it") {
  const Schedule schedule{Placement::loop(2), 1, actions_of("0F0 0S0 0T0 0B0 \n 1F0 1S0 1T0 1B0"),
                          /*slices=*/1, VocabularyPlace::kVocab1};
  Costs costs = equal_costs(schedule, 1, 1, 1);
  costs.pieces = {{1, 4}, {1, 1}};
  const auto starts = [&](std::size_t rank, const Action& action) {
    const Timeline timeline = simulate(schedule, costs);
    const auto& spans = timeline.ranks[rank];
    return std::ranges::find_if(
               spans, [&](const Span& span) { return !span.waiting && span.action == action; })
        ->start;
  };
  CHECK(starts(0, {Op::kVocabularyBackward, 0, 0}) == 3);
  CHECK(starts(1, {Op::kBackwardInput, 1, 0}) == 5);
  CHECK(starts(0, {Op::kBackwardInput, 0, 0}) == 7);
  costs.cores = 1.9999999;  // followed in order of time
  CHECK(starts(1, {Op::kBackwardInput, 1, 0}) == Approx(5).epsilon(1e-5));
}
