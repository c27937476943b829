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
