#include "schedule/simulate/input_times.h"

#include <memory>
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
  const Schedule schedule{
      Placement::loop(2), 2, {{}, {}}, /*slices=*/1, VocabularyPlace::kParallel};
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

// T needs the S of both, the last stage's I their T.
TEST_CASE("Where pieces wait twice, they wait for each other and the last stage for all of them") {
  const Schedule schedule{Placement::loop(2), 2, {{}, {}}, /*slices=*/1, VocabularyPlace::kVocab1};
  InputTimes inputs(ways_of({.message = kMessage}, schedule), 2);
  for (const bool again : {false, true}) {
    CAPTURE(again);
    inputs.ended(Op::kForward, 1, 1, 2);
    CHECK(inputs.arrival(Op::kVocabularyForward, 0, 1) == 2 + kMessage);
    inputs.ended(Op::kVocabularyForward, 1, 1, 9);
    CHECK(inputs.arrival(Op::kVocabularyBackward, 1, 1) == InputTimes::kNever);
    inputs.ended(Op::kVocabularyForward, 0, 1, 5);
    CHECK(inputs.arrival(Op::kVocabularyBackward, 0, 1) == 9 + kMessage);
    CHECK(inputs.arrival(Op::kVocabularyBackward, 1, 1) == 9);
    CHECK(inputs.arrival(Op::kVocabularyBackward, 1, 0) == InputTimes::kNever);
    CHECK(inputs.arrival(Op::kBackwardInput, 1, 1) == InputTimes::kNever);
    inputs.ended(Op::kVocabularyBackward, 0, 1, 12);
    CHECK(inputs.arrival(Op::kBackwardInput, 1, 1) == InputTimes::kNever);
    inputs.ended(Op::kVocabularyBackward, 1, 1, 10);
    CHECK(inputs.arrival(Op::kBackwardInput, 1, 1) == 12 + kMessage);
    inputs.ended(Op::kBackward, 1, 1, 20);
    CHECK(inputs.arrival(Op::kVocabularyBackward, 0, 1) == 9 + kMessage);
    inputs.forget();
  }
}

// Statistics take their link's latency alone; activations its time, too.
TEST_CASE("What pieces tell each other is too short to hold up a link") {
  const auto network =
      std::make_shared<Network>(Network{.within = {.latency_seconds = 0.5, .seconds_per_byte = 1},
                                        .has_links = true,
                                        .message_bytes = 4});
  const Schedule schedule{Placement::loop(2), 1, {{}, {}}, /*slices=*/1, VocabularyPlace::kVocab1};
  const MessageWays ways = ways_of({.network = network}, schedule);
  CHECK(ways.to_piece[0].total() == 4.5);
  REQUIRE(ways.between_pieces.size() == 4);
  CHECK(ways.between_pieces[1].total() == 0.5);
  CHECK(ways.between_pieces[1].queue == -1);
  CHECK(ways.between_pieces[3].total() == 0);
  CHECK_FALSE(ways.shared);
}
