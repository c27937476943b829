#include "schedule/simulate/input_times.h"

#include <optional>
#include <string>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/walk.h"

using namespace pipetrain;

namespace {

constexpr double kMessage = 0.25;

}  // namespace

// Stages 0 and 3 on rank 0, 1 and 2 on rank 1.
TEST_CASE("An input is there when what makes it has ended, after its way between two ranks") {
  const Costs costs{.message = kMessage};
  InputTimes inputs(ways_of(costs, Placement::of({{0, 3}, {1, 2}})), 2);
  CHECK(inputs.arrival(Op::kForward, 0, 1) == 0);
  CHECK(inputs.arrival(Op::kBackwardInput, 3, 1) == 0);
  CHECK(inputs.arrival(Op::kForward, 1, 1) == InputTimes::kNever);
  CHECK(inputs.arrival(Op::kBackwardInput, 2, 0) == InputTimes::kNever);
  inputs.ended(Op::kForward, 0, 1, 5);
  inputs.ended(Op::kForward, 1, 1, 7);
  inputs.ended(Op::kBackwardInput, 3, 0, 9);
  inputs.ended(Op::kBackward, 2, 0, 11);
  inputs.ended(Op::kBackwardWeight, 3, 1, 12);
  inputs.ended(Op::kRecompute, 2, 1, 13);
  CHECK(inputs.arrival(Op::kForward, 1, 1) == 5 + kMessage);
  CHECK(inputs.arrival(Op::kForward, 1, 0) == InputTimes::kNever);
  CHECK(inputs.arrival(Op::kForward, 2, 1) == 7);
  CHECK(inputs.arrival(Op::kForward, 3, 1) == InputTimes::kNever);
  CHECK(inputs.arrival(Op::kBackwardInput, 2, 0) == 9 + kMessage);
  CHECK(inputs.arrival(Op::kBackward, 2, 0) == 9 + kMessage);
  CHECK(inputs.arrival(Op::kBackwardInput, 1, 0) == 11);
  CHECK(inputs.arrival(Op::kBackwardInput, 2, 1) == InputTimes::kNever);
  inputs.forget();
  CHECK(inputs.arrival(Op::kForward, 2, 1) == InputTimes::kNever);
  CHECK(inputs.arrival(Op::kBackwardInput, 1, 0) == InputTimes::kNever);
  CHECK(inputs.arrival(Op::kForward, 0, 0) == 0);
  CHECK(inputs.arrival(Op::kBackwardInput, 3, 0) == 0);
}

TEST_CASE("What an action waits for is what the walk through a schedule says it needs") {
  for (const std::string& name : schedule_names()) {
    const Schedule schedule = generate(name, 2, default_virtual_stages(name), 4);
    for (const Schedule& listed : {schedule, lower(schedule)}) {
      for (const auto& actions : listed.ranks) {
        for (const Action& action : actions) {
          CAPTURE(name, text_of(action));
          std::optional<Action> needed;
          for_each_needed(listed, action, [&](const Action& one) { needed = one; });
          InputTimes inputs(ways_of({.message = kMessage}, listed.placement), listed.microbatches);
          const auto arrival = [&] {
            return inputs.arrival(action.op, action.stage, action.microbatch);
          };
          CHECK(arrival() == (needed ? InputTimes::kNever : 0));
          if (!needed) continue;
          inputs.ended(needed->op, needed->stage, needed->microbatch, 3);
          const bool travels = rank_of_stage(listed, needed->stage, needed->microbatch) !=
                               rank_of_stage(listed, action.stage, action.microbatch);
          CHECK(arrival() == 3 + (travels ? kMessage : 0));
        }
      }
    }
  }
}

// On 2 ranks of one stage each: S needs the last stage's F, its I the S of both, T that I.
TEST_CASE("Pieces of the vocabulary and the last stage wait for each other") {
  const Schedule schedule{Placement::loop(2), 2, {{}, {}}, /*slices=*/1, /*vocabulary=*/true};
  InputTimes inputs(ways_of({.message = kMessage}, schedule), 2);
  CHECK(inputs.arrival(Op::kVocabularyForward, 0, 1) == InputTimes::kNever);
  CHECK(inputs.arrival(Op::kBackwardInput, 1, 1) == InputTimes::kNever);
  inputs.ended(Op::kForward, 0, 1, 1);
  CHECK(inputs.arrival(Op::kVocabularyForward, 0, 1) == InputTimes::kNever);
  inputs.ended(Op::kForward, 1, 1, 2);
  CHECK(inputs.arrival(Op::kVocabularyForward, 0, 1) == 2 + kMessage);
  CHECK(inputs.arrival(Op::kVocabularyForward, 1, 1) == 2);
  inputs.ended(Op::kVocabularyForward, 1, 1, 9);
  CHECK(inputs.arrival(Op::kBackwardInput, 1, 1) == InputTimes::kNever);
  inputs.ended(Op::kVocabularyForward, 0, 1, 5);
  CHECK(inputs.arrival(Op::kBackwardInput, 1, 1) == 9);
  CHECK(inputs.arrival(Op::kBackward, 1, 0) == InputTimes::kNever);
  CHECK(inputs.arrival(Op::kVocabularyBackward, 0, 1) == InputTimes::kNever);
  inputs.ended(Op::kBackward, 1, 1, 11);
  CHECK(inputs.arrival(Op::kVocabularyBackward, 0, 1) == 11 + kMessage);
  CHECK(inputs.arrival(Op::kVocabularyBackward, 1, 1) == 11);
  CHECK(inputs.arrival(Op::kVocabularyBackward, 1, 0) == InputTimes::kNever);
  inputs.forget();
  CHECK(inputs.arrival(Op::kBackwardInput, 1, 1) == InputTimes::kNever);
  CHECK(inputs.arrival(Op::kVocabularyForward, 1, 1) == InputTimes::kNever);
}
