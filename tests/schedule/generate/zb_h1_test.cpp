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
