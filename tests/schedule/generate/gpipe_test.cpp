#include <algorithm>
#include <vector>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Huang et al. 2019, section 2.3.
TEST_CASE("GPipe's bubble is p-1 microbatches, whatever F, I and W take") {
  for_each_size("gpipe", [](const ScheduleSizes& sizes) {
    CHECK(FiguresOf("gpipe", sizes, {1, 1.5, 0.5}).bubble == Approx(3 * (sizes.ranks - 1)));
  });
}

TEST_CASE("Every rank of GPipe keeps all microbatches") {
  check_live("gpipe", [](const ScheduleSizes& sizes, int) { return sizes.microbatches; });
}

TEST_CASE("GPipe begins no backward before the last forward of its rank") {
  const Schedule schedule = generate("gpipe", 3, 1, 5);
  CHECK(accumulates_in_ascending_order(schedule));
  for (const std::vector<Action>& actions : schedule.ranks) {
    CHECK(std::ranges::is_sorted(actions, {}, &Action::op));
    CHECK(actions.size() == 10);
  }
}
