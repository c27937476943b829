#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Narayanan et al. 2021, section 2.2.1.
TEST_CASE("1F1B has GPipe's bubble") {
  for_each_size("1f1b", [](const ScheduleSizes& sizes) {
    CHECK(FiguresOf("1f1b", sizes).bubble == Approx(3 * (sizes.ranks - 1)));
  });
}

TEST_CASE("Rank r of 1F1B keeps p-r microbatches at most") {
  check_live("1f1b", [](const ScheduleSizes& sizes, int rank) { return sizes.ranks - rank; });
}
