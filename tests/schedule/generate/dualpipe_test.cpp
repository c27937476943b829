#include <cstddef>
#include <optional>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// DeepSeek-V3 report, Table 2: a bubble of (PP/2 - 1)(F&B + B - 3W) and activations of PP + 1
// microbatches. F&B are a forward and a backward that overlap there and end together; here they
// follow each other, and what the forward has made leaves before the backward is done.
TEST_CASE("DualPipe has at most its published bubble, and its memory") {
  for_each_size("dualpipe", [](const ScheduleSizes& sizes) {
    const FiguresOf figures("dualpipe", sizes);
    const int f = 1, b = 2, w = 1;
    CHECK(figures.bubble <= (sizes.ranks / 2.0 - 1) * (f + b + b - 3 * w) + 1e-9);
    CHECK(figures.bubble == Approx(sizes.ranks / 2.0 - 1).margin(1e-9));
    CHECK(figures.most_live() <= sizes.ranks + 1);
    if (sizes.microbatches > 2 * sizes.ranks) CHECK(figures.most_live() == sizes.ranks + 1);
  });
}

TEST_CASE("A DualPipe rank begins with its own end's microbatches, then both ends' in turn") {
  const Schedule schedule = generate("dualpipe", 4, 1, 10);
  CHECK(schedule.placement == Placement::loop_both_ways(4));
  CHECK(schedule.ranks[0][0] == Action{Op::kForward, 0, 0});
  CHECK(schedule.ranks[0][3] == Action{Op::kForward, 3, 5});
  CHECK(schedule.ranks[3][0] == Action{Op::kForward, 0, 5});
  CHECK(schedule.ranks[3][3] == Action{Op::kForward, 3, 0});
  CHECK(accumulates_in_ascending_order(schedule));
}

TEST_CASE("DualPipe needs even numbers, and two microbatches per rank") {
  CHECK(why_not("dualpipe", 4, 1, 6) ==
        "schedule dualpipe on 4 ranks, found M=6: it needs two microbatches per rank; take M=8 or "
        "more");
  CHECK(why_not("dualpipe", 4, 1, 9) ==
        "schedule dualpipe on 4 ranks, found M=9: half of the microbatches go each way; take M=10");
  CHECK(why_not("dualpipe", 5, 1, 10).has_value());
  CHECK(why_not("dualpipe", 4, 1, 8) == std::nullopt);
}
