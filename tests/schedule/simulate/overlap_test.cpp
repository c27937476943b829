#include "schedule/simulate/overlap.h"

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

namespace {

struct Case {
  explicit Case(const std::string& name, int ranks = 4, int stages = 1, int microbatches = 8)
      : schedule(generate(name, ranks, stages, microbatches)),
        costs(equal_costs(schedule, 1, 1, 1)),
        program(program_of(schedule, {})) {}

  Timeline run(StepRule rule, int steps, const Overlap& overlap = {}) const {
    return simulate_steps(program, costs, steps, rule, overlap);
  }

  Schedule schedule;
  Costs costs;
  Program program;
};

std::vector<Action> actions(const std::string& text) {
  std::vector<Action> found;
  std::istringstream words(text);
  for (std::string word; words >> word;) found.push_back(*parse_action(word));
  return found;
}

double most_live(const Timeline& timeline) {
  return *std::ranges::max_element(timeline.peak_live_microbatches);
}

}  // namespace

TEST_CASE("One step is as long as the schedule, and with a flush several are as many times that") {
  for (const char* name : {"gpipe", "1f1b", "zb-h1"}) {
    const Case each(name);
    const double one = simulate(each.program, each.costs).makespan();
    for (const StepRule rule : {StepRule::kFlush, StepRule::kPostValidation, StepRule::kDelayed}) {
      CHECK(each.run(rule, 1).makespan() == one);
    }
    CHECK(each.run(StepRule::kFlush, 3).makespan() == 3 * one);
  }
}

// One more warm-up than 1F1B, and the last rank's Ws in the end (ZB-H2, arXiv:2401.10241, figure
// 3):
//   rank 0 F0F1F2I0W0I1W1I2W2
//   rank 1 ..F0I0F1I1F2I2W0W1W2
TEST_CASE("A step that waits for no norm begins while others end the one before") {
  const Schedule schedule{.placement = Placement::loop(2),
                          .microbatches = 3,
                          .ranks = {actions("0F0 0F1 0F2 0I0 0W0 0I1 0W1 0I2 0W2"),
                                    actions("1F0 1I0 1F1 1I1 1F2 1I2 1W0 1W1 1W2")}};
  const Costs costs = equal_costs(schedule, 1, 1, 1);
  const Program program = program_of(schedule, {});
  CHECK(simulate_steps(program, costs, 1, StepRule::kPostValidation).makespan() == 10);
  CHECK(simulate_steps(program, costs, 3, StepRule::kFlush).makespan() == 30);
  CHECK(simulate_steps(program, costs, 3, StepRule::kPostValidation).makespan() == 28);
}

TEST_CASE("Under every schedule steps that wait for no norm are at least as fast as with a flush") {
  for (const ScheduleKind& kind : schedule_kinds()) {
    INFO(kind.name);
    if (copies_of(kind.name) > 1) continue;
    const Case each(std::string(kind.name), 4, kind.default_virtual_stages);
    const double flushed = each.run(StepRule::kFlush, 3).makespan(),
                 validated = each.run(StepRule::kPostValidation, 3).makespan();
    CHECK(validated <= flushed + 1e-9);
    CHECK(steady_step(each.program, each.costs, StepRule::kPostValidation).seconds <=
          flushed / 3 + 1e-9);
  }
  const Case zero("zb-h2");
  CHECK(steady_step(zero.program, zero.costs, StepRule::kPostValidation).seconds == Approx(24));
}

TEST_CASE("With a delay the ranks of 1f1b hardly wait, in the memory of one step") {
  const Case each("1f1b");
  const Overlap overlap = overlap_steps(each.program, each.costs);
  const Timeline run = each.run(StepRule::kDelayed, 20, overlap);
  CHECK(run.bubble_fraction() < 0.02);
  CHECK(simulate(each.program, each.costs).bubble_fraction() == Approx(0.2));
  CHECK(most_live(run) == 4);
}

TEST_CASE("Each rank runs each step's list once, in its order, and marks where the last is over") {
  for (const auto& [name, stages] :
       {std::pair("1f1b", 1), std::pair("gpipe", 1), std::pair("zb-h1", 1),
        std::pair("interleaved", 2), std::pair("zbv", 2), std::pair("v-half", 2)}) {
    INFO(name);
    const Case each(name, 4, stages);
    const Overlap overlap = overlap_steps(each.program, each.costs);
    REQUIRE(overlap.size() == 4);
    for (std::size_t rank = 0; rank < overlap.size(); ++rank) {
      std::size_t own = 0, marks = 0;
      bool marked = false;
      std::size_t previous = each.program.of_rank(rank).size();
      for (const OverlapPart& part : overlap[rank]) {
        if (!part.previous) {
          CHECK(part.first == own);
          own = part.end;
        } else if (part.is_mark()) {
          ++marks;
          marked = true;
        } else {
          CHECK(!marked);
          if (previous == each.program.of_rank(rank).size()) previous = part.first;
          CHECK(part.first == previous);
          previous = part.end;
        }
      }
      CHECK(marks == 1);
      CHECK(previous == each.program.of_rank(rank).size());
      for (const OverlapPart& part : overlap[rank]) {
        if (part.previous && !part.is_mark()) {
          CHECK(part.first == own);
          break;
        }
      }
    }
    const Timeline run = each.run(StepRule::kDelayed, 6, overlap);
    CHECK(run.bubble_fraction() <= simulate(each.program, each.costs).bubble_fraction() + 1e-9);
    CHECK(most_live(run) <= most_live(simulate(each.program, each.costs)));
  }
}

TEST_CASE("In the steady state of steps that overlap only what does not fit together is idle") {
  const auto steady = [](const Case& each, const Costs& costs) {
    return steady_step(each.program, costs, StepRule::kDelayed, overlap_steps(each.program, costs));
  };
  const Case four("1f1b");
  const SteadyStep step = steady(four, four.costs);
  CHECK(step.seconds == Approx(24));  // 8 microbatches of F, I and W
  CHECK(step.busy == Approx(24));
  // Of two ranks of which one takes half as long, that one waits half of the time.
  const Case two("1f1b", 2, 1, 4);
  Costs uneven = two.costs;
  uneven.stages[1] = {0.5, 0.5, 0.5};
  CHECK(steady(two, uneven).seconds == Approx(12));
  CHECK(steady(two, uneven).bubble_fraction() == Approx(0.25));
}
