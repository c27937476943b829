#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Qi et al. 2024, table 2: (p-1)(F + I - W), in the memory of 1F1B's first rank.
TEST_CASE("ZB-H1's bubble is a third of 1F1B's") {
  check_bubble("zb-h1", [](const ScheduleSizes& sizes) { return sizes.ranks - 1; });
}

TEST_CASE("ZB-H1's bubble grows with F and I, and shrinks with W") {
  CHECK(FiguresOf("zb-h1", {4, 1, 12}, {1.25, 1, 0.75}).bubble == Approx(3 * (1.25 + 1 - 0.75)));
}

TEST_CASE("Every rank of ZB-H1 keeps p microbatches") {
  check_live("zb-h1", [](const ScheduleSizes& sizes, int) { return sizes.ranks; });
}

TEST_CASE(
    "Slices of ZB-H1 have a shorter bubble than those of 1F1B, in the memory of its first rank") {
  for (const int slices : {2, 4}) {
    for (const int microbatches : {2, 4, 9}) {
      CAPTURE(slices, microbatches);
      const auto step = [&](const char* name) {
        const Schedule schedule = generate(name, 4, 1, microbatches, slices);
        return simulate(schedule, equal_costs(schedule, 1, 1, 1));
      };
      const Timeline split = step("zb-h1"), whole = step("1f1b");
      CHECK(split.makespan() < whole.makespan() - 0.5 / slices);
      for (const double live : split.peak_live_microbatches) {
        CHECK(live <= Approx(whole.peak_live_microbatches.front()));
      }
    }
  }
}
