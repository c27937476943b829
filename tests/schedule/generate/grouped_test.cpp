#include <algorithm>
#include <cstddef>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

TEST_CASE("Groups have interleaved's bubble where their number comes out even") {
  check_bubble("grouped", [](const ScheduleSizes& sizes) {
    return 3.0 * (sizes.ranks - 1) / sizes.virtual_stages;
  });
}

TEST_CASE("Groups take less memory than interleaved: a group on all stages but one, and p - r") {
  for_each_size("grouped", [](const ScheduleSizes& sizes) {
    const int p = sizes.ranks, v = sizes.virtual_stages, m = sizes.microbatches;
    if (m % p != 0) return;
    for (int rank = 0; rank < p; ++rank) {
      const double live = FiguresOf("grouped", sizes).live[static_cast<std::size_t>(rank)] * v;
      CHECK(live == Approx(std::min((v - 1) * p + p - rank, v * m)));
    }
  });
}
