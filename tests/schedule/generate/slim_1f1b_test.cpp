#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;

namespace {

Timeline slim_or_other(const std::string& name, int ranks, int microbatches, int slices) {
  const Schedule schedule = generate(name, ranks, 1, microbatches, slices);
  return simulate(schedule, equal_costs(schedule, 1, 1, 1));
}

double most_kept(const Timeline& timeline) {
  return *std::ranges::max_element(timeline.peak_live_microbatches);
}

}  // namespace

TEST_CASE("Slim ranks keep one slice more than a microbatch at most, however many ranks") {
  for (const int ranks : {1, 2, 4, 8}) {
    for (const int slices : {1, 2, 3, 4, 8}) {
      for (const int microbatches : {1, 2, 4, 9}) {
        CAPTURE(ranks, slices, microbatches);
        const Timeline timeline = slim_or_other("slim-1f1b", ranks, microbatches, slices);
        CHECK(most_kept(timeline) * slices <= Approx(slices + 1));
        CHECK(most_kept(timeline) >= 1);
      }
    }
  }
  CHECK(most_kept(slim_or_other("slim-1f1b", 4, 8, 4)) == Approx(5.0 / 4));
  CHECK(most_kept(slim_or_other("1f1b", 4, 8, 4)) == Approx(7.0 / 4));
}

// Each microbatch waits once for its last slice to go down the ranks and its gradient to come back.
TEST_CASE("What slim ranks wait shrinks with the slices, and is less than that of whole ones") {
  const auto bubble = [](const std::string& name, int microbatches, int slices) {
    return slim_or_other(name, 4, microbatches, slices).bubble_fraction();
  };
  for (const int microbatches : {2, 3}) {  // fewer than ranks: what slices are for
    CAPTURE(microbatches);
    CHECK(bubble("slim-1f1b", microbatches, 4) < 0.75 * bubble("1f1b", microbatches, 1));
    CHECK(bubble("slim-1f1b", microbatches, 8) < 0.7 * bubble("slim-1f1b", microbatches, 4));
  }
  for (const int slices : {2, 4, 8}) {
    CAPTURE(slices);
    CHECK(bubble("1f1b", 8, slices) < bubble("slim-1f1b", 8, slices));
  }
  CHECK(bubble("slim-1f1b", 2, 4) == Approx(5.0 / 17));
  CHECK(bubble("slim-1f1b", 8, 8) < bubble("1f1b", 8, 1));
}
