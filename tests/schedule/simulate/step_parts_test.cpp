#include "schedule/simulate/step_parts.h"

#include <cstddef>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

TEST_CASE("The parts of a list follow each other, each with what is computed in one go") {
  const Schedule schedule = generate("1f1b", 2, 1, 3);
  const Program program = program_of(schedule, {.recomputes = {true, true}});
  for (const std::vector<Action>& actions : program.actions.ranks) {
    std::size_t next = 0;
    for (const StepPart& part : step_parts(actions)) {
      CHECK(part.first == next);
      REQUIRE(!part.computes.empty());
      const Action& first = part.computes.front();
      // An R is not parted from its I, nor an I of the first stage from its W where that is next.
      if (first.op == Op::kRecompute) {
        REQUIRE(part.computes.size() >= 2);
        CHECK(part.computes[1] == Action{Op::kBackwardInput, first.stage, first.microbatch});
      } else if (first.op == Op::kForward) {
        CHECK(part.computes.size() == 1);
      }
      next = part.end;
    }
    CHECK(next == actions.size());
  }
}

TEST_CASE("A part begins when its input is there, and a step is over when all of its parts are") {
  const Schedule schedule = generate("gpipe", 2, 1, 1);
  const Program program = program_of(schedule, {});
  const Costs costs = equal_costs(schedule, 2, 1, 1, 0.5);
  StepClock clock(program, costs, 1);
  CHECK(clock.start(1, 0, 0) == InputTimes::kNever);
  clock.run(0, 0, 0);
  CHECK(clock.start(1, 0, 0) == 2.5);  // F of 2, a message of 0.5
  clock.run(1, 0, 0, /*not_before=*/3);
  CHECK(clock.free(1) == 5);
  CHECK(clock.closed(0) == InputTimes::kNever);
  for (std::size_t part = 1; part < clock.parts(1).size(); ++part) clock.run(1, 0, part);
  for (std::size_t part = 1; part < clock.parts(0).size(); ++part) clock.run(0, 0, part);
  CHECK(clock.closed(0) == 8.5);  // I by 6, its message, I and W of the first stage
  CHECK(clock.closed(-1) == 0);
}
