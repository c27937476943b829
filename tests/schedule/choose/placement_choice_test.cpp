#include "schedule/choose/placement_choice.h"

#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_placement(text, "--placement");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A placement is a word or a list of each rank's stages") {
  CHECK(parse_placement("wave", "x").rule == PlacementRule::kWave);
  CHECK(parse_placement("own", "x").is_open());
  const PlacementChoice list = parse_placement("[[0, 5],[1,4] , [2,3]]", "x");
  CHECK(list.rule == PlacementRule::kList);
  CHECK(placement_of(list, 3, 2) == Placement::wave(3));
  CHECK(!placement_of(parse_placement("auto", "x"), 3, 2));
  CHECK(placements_to_cut(list, 3, 2) == std::vector{Placement::wave(3)});
  CHECK(placements_to_cut({}, 3, 2) == std::vector{Placement::loop(3, 2), Placement::wave(3)});
  CHECK(placements_to_cut({}, 3, 3) == std::vector{Placement::loop(3, 3)});
  CHECK(stages_per_rank(parse_placement("[[0,3],[1,2,4]]", "x")) == 3);
  CHECK(stages_per_rank(parse_placement("v", "x")) == 2);
}

TEST_CASE("Other text is refused with what was expected") {
  for (const std::string text : {"list", "u", "", "[]", "[0,1]", "[[0],[-1]]", "[[0],[1.5]]",
                                 "[[0],[1]", "[[99999999999]]", "[[\"0\"]]", "{}"}) {
    INFO(text);
    CHECK(refusal(text).starts_with("--placement: found '" + text + "', expected own, loop, v"));
  }
}

TEST_CASE("A placement of other sizes is refused") {
  const PlacementChoice list = parse_placement("[[0,3],[1,2,4]]", "x");
  CHECK(!why_no_placement(list, 2, 3));
  CHECK(why_no_placement(list, 4, 3) == "the placement is of 2 ranks, but there are 4");
  CHECK(why_no_placement(list, 2, 2) ==
        "the placement has up to 3 stages per rank, but 2 virtual stages are asked for; leave "
        "their number out");
  CHECK(why_no_placement(parse_placement("v", "x"), 4, 3) ==
        "placement v has two stages per rank, found 3; set virtual stages to 2, or take placement "
        "wave");
}
