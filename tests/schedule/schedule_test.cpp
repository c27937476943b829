#include "schedule/schedule.h"

#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

TEST_CASE("Actions have a text that reads back") {
  for (const char* text : {"0F0", "12I3", "2W511", "7B0", "1R2", "3SEND_F4", "3RECV_F4", "3SEND_B4",
                           "3RECV_B4", "5REDUCE_GRAD"}) {
    const auto action = parse_action(text);
    REQUIRE(action);
    CHECK(text_of(*action) == text);
  }
  for (const char* text : {"", "F0", "0F", "0X1", "0F1x", "-1F0", "99999999999F0", "0 F1"}) {
    CHECK_FALSE(parse_action(text));
  }
}

TEST_CASE("All published schedules accumulate in ascending order but looped-bfs") {
  const auto ascends = [](const std::string& name) {
    return accumulates_in_ascending_order(generate(name, 4, default_virtual_stages(name), 8));
  };
  for (const char* name : {"gpipe", "1f1b", "interleaved", "zb-h1", "interleaved-zb", "zbv",
                           "dualpipev", "v-half", "v-min"}) {
    CAPTURE(name);
    CHECK(ascends(name));
  }
  CHECK_FALSE(ascends("looped-bfs"));
}

TEST_CASE("An action of a slice reads as it is written; slice 0 may be left out") {
  const Action action{Op::kForward, 2, 10, 3};
  CHECK(text_of(action) == "2F10.3");
  CHECK(parse_action("2F10.3") == action);
  CHECK(text_of({Op::kSendBackward, 1, 0, 2}) == "1SEND_B0.2");
  CHECK(parse_action("2F10.0") == Action{Op::kForward, 2, 10});
  CHECK(!parse_action("2F10."));
  CHECK(!parse_action("2F10.1x"));
  CHECK(!parse_action("2UNSHARD.1"));
  CHECK(action.as(Op::kReceiveForward) == Action{Op::kReceiveForward, 2, 10, 3});
}

TEST_CASE("Weight gradients of slices are in order from the last one down") {
  Schedule schedule{Placement::loop(1, 1), 1, {}, 2};
  const Action first{Op::kBackward, 0, 0, 0}, second{Op::kBackward, 0, 0, 1};
  schedule.ranks = {{second, first}};
  CHECK(accumulates_in_ascending_order(schedule));
  schedule.ranks = {{first, second}};
  CHECK(!accumulates_in_ascending_order(schedule));
}

TEST_CASE("Of slices, copies and a vocabulary over the pipeline a schedule has at most one") {
  CHECK(!why_not_together(1, 1, false));
  CHECK(!why_not_together(4, 1, false));
  CHECK(!why_not_together(1, 2, false));
  CHECK(!why_not_together(1, 1, true));
  CHECK(why_not_together(2, 2, false).value_or("") ==
        "slices of sequences and two copies of each stage do not go together; keep one of them");
  CHECK(why_not_together(2, 1, true)
            .value_or("")
            .starts_with("slices of sequences and a vocabulary over the pipeline do not"));
  CHECK(why_not_together(1, 2, true)
            .value_or("")
            .starts_with("two copies of each stage and a vocabulary over the pipeline do not"));
}

TEST_CASE("The order of T and the last stage's I says how often pieces wait for each other") {
  const auto found = [](const std::string& first, const std::string& second) {
    return vocabulary_in({Placement::loop(2), 2, actions_of(first + " \n " + second)});
  };
  CHECK(found("0F0 0B0 0F1 0B1", "1F0 1B0 1F1 1B1") == VocabularyPlace::kWhole);
  CHECK(found("0F0 0S0 0B0 0T0", "1F0 1F1 1S0 1I0 1W0 1T0") == VocabularyPlace::kParallel);
  CHECK(found("0F0 0S0 0B0 0T0", "1F0 1F1 1S0 1T0 1I0 1W0") == VocabularyPlace::kVocab1);
  CHECK(found("0F0 0S0", "1F0 1S0") == VocabularyPlace::kParallel);
  CHECK(found("0F0 0S0 0T0 0B0", "1F0 1F1 1S1 1T1 1B0 1B1") == VocabularyPlace::kVocab1);
}
