#include <algorithm>
#include <cstddef>
#include <vector>

#include "catch.h"
#include "schedule/generate/check_drawing.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

// Narayanan et al. 2021, section 2.2.1.
TEST_CASE("1F1B has GPipe's bubble") {
  for_each_size("1f1b", [](const ScheduleSizes& sizes) {
    CHECK(FiguresOf("1f1b", sizes).bubble == Approx(3 * (sizes.ranks - 1)));
  });
}

TEST_CASE("On any placement 1F1B keeps S-s microbatches of stage s") {
  const Placement v = Placement::of({{0, 3}, {1, 2}});
  check_drawing(generate("1f1b", v, 2),
                {"0F0 0F1     3F0 3B0 3F1 3B1 0B0     0B1", "    1F0 2F0 1F1 2F1 2B0 1B0 2B1 1B1"});
  const Placement uneven = Placement::of({{0, 3}, {1, 2, 4}});
  const Schedule schedule = generate("1f1b", uneven, 9);
  for (int rank = 0; rank < 2; ++rank) {
    std::vector<int> live(5);
    for (const Action& action : schedule.ranks[static_cast<std::size_t>(rank)]) {
      int& of_stage = live[static_cast<std::size_t>(action.stage)];
      of_stage += action.op == Op::kForward ? 1 : -1;
      CHECK(of_stage <= 5 - action.stage);
    }
  }
}

TEST_CASE("Rank r of 1F1B keeps p-r microbatches at most") {
  check_live("1f1b", [](const ScheduleSizes& sizes, int rank) { return sizes.ranks - rank; });
}

// Sun et al., arXiv:2406.03488, section 3.2.
TEST_CASE(
    "Rank r of 1F1B keeps p-1-r+n slices at most, and its bubble is that of n M microbatches") {
  for (const int slices : {2, 3, 4, 8}) {
    for (const int microbatches : {1, 2, 4, 9}) {
      CAPTURE(slices, microbatches);
      const int ranks = 4;
      const Schedule schedule = generate("1f1b", ranks, 1, microbatches, slices);
      const Timeline timeline =
          simulate(schedule, equal_costs(schedule, 1, 1, 1), BackwardSends::kAfterBackward);
      CHECK(timeline.makespan() ==
            Approx(3 * (microbatches + static_cast<double>(ranks - 1) / slices)));
      for (int rank = 0; rank < ranks; ++rank) {
        CHECK(timeline.peak_live_microbatches[static_cast<std::size_t>(rank)] * slices ==
              Approx(std::min(ranks - 1 - rank + slices, microbatches * slices)));
      }
    }
  }
}
