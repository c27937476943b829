#include <algorithm>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Qi et al. 2024, "Pipeline Parallelism with Controllable Memory", section 3.
TEST_CASE("1F1B-V keeps two thirds of what 1F1B does, and a constant") {
  for_each_size("v-1f1b", [](const ScheduleSizes& sizes) {
    CHECK(FiguresOf("v-1f1b", sizes).most_live() <=
          std::min((2 * sizes.ranks + 2) / 3 + 1, sizes.microbatches));
  });
}

TEST_CASE("Less memory costs 1F1B-V no more time than 1F1B takes") {
  for_each_size("v-1f1b", [](const ScheduleSizes& sizes) {
    CHECK(FiguresOf("v-1f1b", sizes).makespan <=
          FiguresOf("1f1b", {sizes.ranks, 1, sizes.microbatches}).makespan + 1e-9);
  });
}
