#include <algorithm>
#include <string>

#include "catch.h"
#include "schedule/generate/figures_of.h"

using namespace pipetrain;

TEST_CASE("Eager ranks keep twice what 1F1B's warm-up runs ahead, and one more") {
  check_live("eager-1f1b",
             [](const ScheduleSizes& sizes, int rank) { return 2 * (sizes.ranks - 1 - rank) + 1; });
}

// Where a B leaves its gradient first, 1F1B has hidden them already.
TEST_CASE("Being eager costs no time, and gains it where messages and whole Bs take some") {
  for_each_size("eager-1f1b", [](const ScheduleSizes& sizes) {
    const int p = sizes.ranks, m = sizes.microbatches;
    CHECK(FiguresOf("eager-1f1b", sizes).makespan == Approx(FiguresOf("1f1b", sizes).makespan));
    const auto step = [&](const std::string& name, BackwardSends sends) {
      const Schedule schedule = generate(name, p, 1, m);
      return simulate(schedule, equal_costs(schedule, 1, 1, 1, 0.25), sends).makespan();
    };
    const auto gain = [&](BackwardSends sends) {
      return step("1f1b", sends) - step("eager-1f1b", sends);
    };
    CHECK(gain(BackwardSends::kGradientsFirst) >= -1e-9);
    CHECK(gain(BackwardSends::kAfterBackward) >= -1e-9);
    if (p >= 3 && m >= 2 * p) CHECK(gain(BackwardSends::kAfterBackward) > 0.1);
  });
}
