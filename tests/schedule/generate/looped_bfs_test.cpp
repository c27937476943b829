#include <cstddef>
#include <vector>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Lamy-Poirier 2022, section 3: the bubble of interleaved stages, the memory of GPipe.
TEST_CASE("Breadth-first divides GPipe's bubble by the stages per rank") {
  check_bubble("looped-bfs", [](const ScheduleSizes& sizes) {
    return 3.0 * (sizes.ranks - 1) / sizes.virtual_stages;
  });
}

TEST_CASE("Every rank of breadth-first keeps all microbatches on all of its stages") {
  check_live("looped-bfs", [](const ScheduleSizes& sizes, int) {
    return sizes.microbatches * sizes.virtual_stages;
  });
}

TEST_CASE("Breadth-first takes all microbatches through a stage, and back the last one first") {
  for (const std::vector<Action>& actions : generate("looped-bfs", 2, 3, 4).ranks) {
    for (std::size_t i = 0; i < actions.size(); ++i) {
      CHECK(actions[i].stage == actions[i / 4 * 4].stage);
      CHECK(actions[i].op == (i < 12 ? Op::kForward : Op::kBackward));
      CHECK(actions[i].microbatch == static_cast<int>(i < 12 ? i % 4 : 3 - i % 4));
    }
  }
}
