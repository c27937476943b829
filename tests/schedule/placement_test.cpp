#include "schedule/placement.h"

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

using Stages = std::vector<std::vector<int>>;

}  // namespace

TEST_CASE("A loop deals stages out, a V and a wave go down and back up") {
  CHECK(Placement::loop(4, 2).stages_of(1) == std::vector<int>{1, 5});
  CHECK(Placement::wave(4, 2).stages_of(0) == std::vector<int>{0, 7});
  CHECK(Placement::wave(4, 2).stages_of(3) == std::vector<int>{3, 4});
  CHECK(Placement::wave(2, 4).stages_of(1) == std::vector<int>{1, 2, 5, 6});
  CHECK(Placement::loop(3, 1) == Placement::wave(3, 1));
  for (const Placement& placement :
       {Placement::loop(3, 4), Placement::wave(3, 4), Placement::of({{4, 0}, {1, 2, 5}, {3}})}) {
    std::vector<int> seen;
    for (int rank = 0; rank < 3; ++rank) {
      for (const int stage : placement.stages_of(rank)) {
        CHECK(placement.rank_of(stage) == rank);
        CHECK(placement.stages_of(rank)[static_cast<std::size_t>(placement.place_of(stage))] ==
              stage);
        seen.push_back(stage);
      }
    }
    CHECK(static_cast<int>(seen.size()) == placement.stage_count());
  }
}

TEST_CASE("A placement is named by its form, or by its stages") {
  CHECK(Placement::of({{0}, {1}}).name() == "loop");
  CHECK(Placement::of({{3, 0}, {1, 2}}).name() == "v");
  CHECK(Placement::wave(2, 4).name() == "wave");
  const Placement own = Placement::of({{5, 0}, {1}, {2, 3, 4}});
  CHECK(own.name() == "[[0,5],[1],[2,3,4]]");
  CHECK(own.most_stages() == 3);
  CHECK_FALSE(own.goes_in_laps());
  CHECK(Placement::of({{1, 2}, {0, 3}}).goes_in_laps());
}

TEST_CASE("A placement that is none is refused with its grid") {
  const auto refusal = [](const Stages& stages) {
    try {
      Placement::of(stages);
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kConfiguration);
      return error.what() + ("\n" + error.detail());
    }
    return std::string();
  };
  CHECK(refusal({{0, 5}, {1, 4}, {2}}) ==
        "placement: stage 3 is left out, but there is a stage 5\n"
        "  rank 0: 0 5\n"
        "  rank 1: 1 4\n"
        "  rank 2: 2");
  CHECK(refusal({{0, 1}, {1}}) == "placement: stage 1 stands twice\n  rank 0: 0 1\n  rank 1: 1");
  CHECK(refusal({{0}, {}}) ==
        "placement: rank 1 has no stage; give it one or more\n  rank 0: 0\n  rank 1: none");
  CHECK(refusal({{-1}}).starts_with("placement: found stage -1;"));
}

TEST_CASE("Both ways, two ranks that face each other hold the same stages, in other copies") {
  const Placement both = Placement::loop_both_ways(4);
  CHECK(both.copies() == 2);
  CHECK(both.stage_count() == 4);
  CHECK(both.most_stages() == 1);
  CHECK_FALSE(both.goes_in_laps());
  CHECK(both.name() == "loop in both directions");
  CHECK(both.one_way() == Placement::loop(4));
  CHECK(both != Placement::loop(4));
  for (int stage = 0; stage < 4; ++stage) {
    CHECK(both.rank_of(stage) == stage);
    CHECK(both.rank_of(stage, 1) == 3 - stage);
    CHECK(both.copy_on(stage, stage) == 0);
    CHECK(both.copy_on(3 - stage, stage) == 1);
    CHECK(both.stages_of(stage) == both.stages_of(3 - stage));
  }
  CHECK(both.stages_of(1) == std::vector<int>{1, 2});
  CHECK(both.place_of(2) == 1);
  const Placement v = Placement::both_ways(Placement::wave(2));
  CHECK(v.stages_of(0) == std::vector<int>{0, 1, 2, 3});
  CHECK(v.rank_of(3, 1) == 1);
  CHECK(v.name() == "v in both directions");
}

TEST_CASE("The first copy takes the first half of the microbatches, and the middle one") {
  for (const int microbatches : {1, 2, 5, 8}) {
    for (int m = 0; m < microbatches; ++m) {
      CAPTURE(microbatches, m);
      CHECK(copy_of_microbatch(m, microbatches, 1) == 0);
      CHECK(copy_of_microbatch(m, microbatches, 2) == (m < (microbatches + 1) / 2 ? 0 : 1));
    }
  }
}
