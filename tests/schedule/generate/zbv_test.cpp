#include <algorithm>
#include <cstddef>
#include <vector>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Qi et al. 2024, section 6: where F, I and W take equal time, all that is left is the first
// microbatch's way to the last rank.
TEST_CASE("ZB-V's ranks wait for nothing but their first microbatch") {
  for_each_size("zbv", [](const ScheduleSizes& sizes) {
    if (sizes.microbatches < 2 * sizes.ranks) return;
    CHECK(FiguresOf("zbv", sizes).bubble == Approx((sizes.ranks - 1) / 2.0).margin(1e-9));
  });
}

TEST_CASE("No rank of ZB-V keeps more than the first one of 1F1B") {
  for_each_size("zbv", [](const ScheduleSizes& sizes) {
    CHECK(FiguresOf("zbv", sizes).most_live() <= std::min(sizes.ranks, sizes.microbatches));
  });
}

TEST_CASE("With fewer microbatches than fill the V the order is that of as many as do") {
  const Schedule full = generate("zbv", 4, 2, 7), few = generate("zbv", 4, 2, 3);
  for (std::size_t rank = 0; rank < 4; ++rank) {
    std::vector<Action> expected = full.ranks[rank];
    std::erase_if(expected, [](const Action& action) { return action.microbatch >= 3; });
    CHECK(few.ranks[rank] == expected);
  }
}
