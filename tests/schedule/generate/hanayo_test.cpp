#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Liu et al. 2023, section 3: with a unit of p microbatches and B = 2 F.
TEST_CASE("One wave fills a unit of p microbatches up to 2p - 2 of its time") {
  for (int ranks = 2; ranks <= 9; ++ranks) {
    CAPTURE(ranks);
    CHECK(FiguresOf("hanayo", {ranks, 2, ranks}).bubble == Approx(2 * ranks - 2));
  }
}

TEST_CASE("Each doubling of the waves about halves the bubble of a unit") {
  for (int ranks = 2; ranks <= 8; ++ranks) {
    for (const int v : {2, 4}) {
      CAPTURE(ranks, v);
      CHECK(FiguresOf("hanayo", {ranks, 2 * v, ranks}).bubble <
            0.65 * FiguresOf("hanayo", {ranks, v, ranks}).bubble);
    }
  }
}

TEST_CASE("Waves keep at most p microbatches") {
  for_each_size("hanayo", [](const ScheduleSizes& sizes) {
    CHECK(FiguresOf("hanayo", sizes).most_live() <= sizes.ranks + 1e-9);
  });
}
