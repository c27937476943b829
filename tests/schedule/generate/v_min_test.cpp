#include <algorithm>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Qi et al. 2024, "Pipeline Parallelism with Controllable Memory", section 3.
TEST_CASE("V-Min keeps a third of what 1F1B does, and a constant") {
  for_each_size("v-min", [](const ScheduleSizes& sizes) {
    const int p = sizes.ranks;
    CHECK(FiguresOf("v-min", sizes).most_live() <= std::min((p + 1) / 3 + 1, sizes.microbatches));
  });
}

TEST_CASE("Less memory costs V-Min no more time than 1F1B takes") {
  for_each_size("v-min", [](const ScheduleSizes& sizes) {
    CHECK(FiguresOf("v-min", sizes).makespan <=
          FiguresOf("1f1b", {sizes.ranks, 1, sizes.microbatches}).makespan);
  });
}

TEST_CASE("V-Min's bubble is of warm-up and cool-down alone") {
  for (int ranks = 2; ranks <= 9; ++ranks) {
    CAPTURE(ranks);
    CHECK(FiguresOf("v-min", {ranks, 2, 6 * ranks}).bubble ==
          Approx(FiguresOf("v-min", {ranks, 2, 3 * ranks}).bubble));
  }
}
