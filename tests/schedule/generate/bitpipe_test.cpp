#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Wu et al. 2024: a bubble of (D - 2) / (3 N + D - 2) for N = D microbatches on D ranks, where B
// takes twice as long as F. Each D more cost D - 3 slots of half an F. What is drawn takes 28 slots
// for D = N = 4 and 53 for N = 8 (github.com/wuhouming/BitPipe, docs/BitPipe_images).
TEST_CASE("BitPipe has its published bubble where B takes twice as long as F") {
  for_each_size("bitpipe", [](const ScheduleSizes& sizes) {
    const int p = sizes.ranks, m = sizes.microbatches;
    const FiguresOf figures("bitpipe", sizes);
    if (m <= p) CHECK(figures.bubble == Approx(p - 2 + 2 * (p - m)).margin(1e-9));
    if (m == p) CHECK(figures.bubble / figures.makespan == Approx((p - 2.0) / (3 * m + p - 2)));
    if (m % p != 0) return;
    CHECK(figures.bubble == Approx(p - 2 + (m / p - 1) * std::max(p - 3, 0) / 2.0).margin(1e-9));
  });
  CHECK(FiguresOf("bitpipe", {4, 2, 4}).makespan == Approx(28 / 2.0));
  CHECK(FiguresOf("bitpipe", {4, 2, 8}).makespan == Approx(53 / 2.0));
}

TEST_CASE("BitPipe keeps p microbatches at most, and five sixths on the outer ranks") {
  for (const int p : {2, 4, 6, 8}) {
    for (const int m : {p, 2 * p, 3 * p}) {
      CAPTURE(p, m);
      const FiguresOf figures("bitpipe", {p, 2, m});
      const int of_one_stage = (5 * p + 2) / 3;
      CHECK(figures.live.front() == Approx(of_one_stage / 2.0));
      CHECK(figures.live.back() == figures.live.front());
      CHECK(figures.most_live() == p);
    }
  }
}

// The second half of what is published as "direct concatenation", BitPipe's repository,
// docs/BitPipe_images/scale-moreb.svg, a cell for each half of an F: where it meets the first.
TEST_CASE("BitPipe's units of microbatches follow each other as published") {
  const Schedule schedule = generate("bitpipe", 4, 2, 8);
  const auto rows = actions_of(
      "0F0 0F1 3F4 4F4 3F5 4F5 7F0 7B0 7F1 7B1 4B4 3B4 4B5 3B5 0B0 0F2 0F3 0B1 3F6 4F6 3F7 4F7 7F2 "
      "7B2 7F3 7B3 4B6 3B6 4B7 3B7 0B2 0B3\n"
      "1F0 2F4 1F1 2F5 5F4 6F0 5F5 6F1 6B0 5B4 6B1 5B5 2B4 1B0 2B5 1B1 1F2 2F6 1F3 2F7 5F6 6F2 5F7 "
      "6F3 6B2 5B6 6B3 5B7 2B6 1B2 2B7 1B3\n");
  CHECK(schedule.ranks[0] == rows[0]);
  CHECK(schedule.ranks[1] == rows[1]);
}

TEST_CASE("A V of BitPipe turns on one rank, and its copies face each other") {
  const Schedule schedule = generate("bitpipe", 4, 2, 8);
  CHECK(schedule.placement == Placement::both_ways(Placement::wave(4)));
  CHECK(schedule.virtual_stages() == 2);
  CHECK(rank_of_stage(schedule, 3, 0) == rank_of_stage(schedule, 4, 0));
  CHECK(rank_of_stage(schedule, 3, 7) == 0);
  CHECK(schedule.placement.stages_of(0) == std::vector<int>{0, 3, 4, 7});
  CHECK(accumulates_in_ascending_order(schedule));
  for (const auto& actions : schedule.ranks) {
    CHECK(std::ranges::count(actions, Op::kForward, &Action::op) == 16);
  }
}

TEST_CASE("BitPipe needs even numbers") {
  CHECK(why_not("bitpipe", 3, 2, 4).value_or("").ends_with("take 4 ranks"));
  CHECK(why_not("bitpipe", 4, 2, 5).value_or("").ends_with("take M=6"));
  CHECK(why_not("bitpipe", 4, 1, 4).has_value());
  CHECK(why_not("bitpipe", 4, 2, 6) == std::nullopt);
}
