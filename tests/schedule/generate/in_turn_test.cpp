#include "schedule/generate/in_turn.h"

#include <algorithm>

#include "catch.h"
#include "schedule/drawing.h"

using namespace pipetrain;

TEST_CASE("A rank takes backwards first, then the forward of its highest stage") {
  const auto made = generators::whatever_comes_first(
      Placement::of({{0, 2}, {1}}), 2,
      [](int, const generators::InFlight& live) { return live.of_rank + 1 + live.later <= 3; });
  CHECK(made == actions_of("0F0 0F1 2F0 2B0 2F1 2B1 0B0 0B1\n1F0 1F1 1B0 1B1"));
}

TEST_CASE("A rule sees what a stage and its rank keep") {
  int most_of_rank = 0;
  generators::whatever_comes_first(Placement::of({{0, 2}, {1}}), 5,
                                   [&](int stage, const generators::InFlight& live) {
                                     CHECK(live.later == (stage == 0 ? 1 : 0));
                                     CHECK(live.of_stage <= live.of_rank);
                                     most_of_rank = std::max(most_of_rank, live.of_rank);
                                     return live.of_stage < 1;
                                   });
  CHECK(most_of_rank == 2);
}
