#include <cstddef>
#include <optional>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

TEST_CASE("DualPipeV has ZB-V's length at equal costs, and keeps half a microbatch more") {
  for_each_size("dualpipev", [](const ScheduleSizes& sizes) {
    const FiguresOf figures("dualpipev", sizes);
    CHECK(figures.bubble == Approx((sizes.ranks - 1) / 2.0).margin(1e-9));
    CHECK(figures.most_live() <= sizes.ranks + 0.5);
  });
}

// deepseek-ai/DualPipe, dualpipev.py, steps 1 and 2.
TEST_CASE("A DualPipeV rank begins with two forwards for each rank below, then both ways in turn") {
  const Schedule schedule = generate("dualpipev", 4, 2, 10);
  for (int rank = 0; rank < 4; ++rank) {
    const auto& actions = schedule.ranks[static_cast<std::size_t>(rank)];
    std::size_t down = 0;
    while (actions[down].op == Op::kForward && actions[down].stage == rank) ++down;
    CHECK(down == static_cast<std::size_t>(2 * (3 - rank) + 1));
    CHECK(actions[down] == Action{Op::kForward, 7 - rank, 0});
  }
}

TEST_CASE("DualPipeV needs two microbatches per rank") {
  CHECK(why_not("dualpipev", 4, 2, 7) ==
        "schedule dualpipev on 4 ranks, found M=7: it needs two microbatches per rank; take M=8 or "
        "more");
  CHECK(why_not("dualpipev", 4, 2, 8) == std::nullopt);
}
