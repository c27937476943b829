#include <algorithm>
#include <cstddef>
#include <optional>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

namespace {

constexpr StageCost kEqualSlots{1, 0.5, 0.5};  // F and B take a slot each

}  // namespace

// Li and Hoefler 2021, section 3.1 and Table 2: D - 2 bubbles of a slot, D / 2 - 1 in forwards and
// as many in backwards, for each N = D microbatches on D stages; and concatenated (section 3.5)
// none more.
TEST_CASE("Chimera has p - 2 slots of bubble where F and B take one each") {
  for_each_size("chimera", [](const ScheduleSizes& sizes) {
    const int p = sizes.ranks, m = sizes.microbatches;
    const FiguresOf figures("chimera", sizes, kEqualSlots);
    if (m % p == 0) CHECK(figures.bubble == Approx(p - 2).margin(1e-9));
    if (m < p) CHECK(figures.bubble == Approx(2 * p - m - 2).margin(1e-9));
  });
}

// Table 2: activations of D / 2 + 1 microbatches on the first rank and up to D in the middle.
TEST_CASE("Chimera keeps from p / 2 + 1 to p microbatches of one stage") {
  for (const int p : {2, 4, 6, 8}) {
    for (const int m : {p, 2 * p, 3 * p}) {
      CAPTURE(p, m);
      const FiguresOf figures("chimera", {p, 1, m}, kEqualSlots);
      CHECK(figures.live.front() == p / 2 + 1);
      CHECK(figures.live.back() == p / 2 + 1);
      CHECK(figures.live[static_cast<std::size_t>(p / 2)] == std::min(p, m));
      CHECK(figures.most_live() == p);
    }
  }
}

TEST_CASE("Half of Chimera's microbatches pass through each copy of a stage") {
  const Schedule schedule = generate("chimera", 4, 1, 8);
  CHECK(schedule.placement == Placement::loop_both_ways(4));
  CHECK(schedule.copy_of(3) == 0);
  CHECK(schedule.copy_of(4) == 1);
  CHECK(rank_of_stage(schedule, 1, 0) == 1);
  CHECK(rank_of_stage(schedule, 1, 7) == 2);
  CHECK(accumulates_in_ascending_order(schedule));
  for (const auto& actions : schedule.ranks) {
    CHECK(std::ranges::count(actions, Op::kForward, &Action::op) == 8);
  }
}

TEST_CASE("Chimera needs even numbers, and no other placement") {
  CHECK(why_not("chimera", 3, 1, 4) ==
        "schedule chimera on 3 ranks, found M=4: it needs an even number of ranks, as copies of a "
        "stage are on ranks that face each other; take 4 ranks");
  CHECK(why_not("chimera", 4, 1, 5) ==
        "schedule chimera on 4 ranks, found M=5: half of the microbatches go each way; take M=6");
  CHECK(why_not("chimera", 4, 1, 6) == std::nullopt);
  CHECK(why_not("chimera", Placement::loop(4), 8) ==
        "schedule chimera places its stages in a loop in both directions, found placement loop; "
        "leave it out, or take gpipe, 1f1b, looped-bfs, auto or a table of your own");
  CHECK(!why_not("chimera", Placement::loop_both_ways(4), 8));
  CHECK(generate("chimera", Placement::loop_both_ways(4), 8).ranks ==
        generate("chimera", 4, 1, 8).ranks);
}
