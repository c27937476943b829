#include "schedule/schedule.h"

#include <string>
#include <vector>

#include "catch.h"
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

TEST_CASE("A loop deals stages out, a V goes down and back up") {
  CHECK(stages_of_rank(Placement::kLoop, 4, 2, 1) == std::vector<int>{1, 5});
  CHECK(stages_of_rank(Placement::kV, 4, 2, 0) == std::vector<int>{0, 7});
  CHECK(stages_of_rank(Placement::kV, 4, 2, 3) == std::vector<int>{3, 4});
  for (Placement placement : {Placement::kLoop, Placement::kV}) {
    for (int rank = 0; rank < 3; ++rank) {
      for (int stage : stages_of_rank(placement, 3, 4, rank)) {
        CHECK(rank_of_stage(placement, 3, 4, stage) == rank);
      }
    }
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
