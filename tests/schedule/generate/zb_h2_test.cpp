#include <algorithm>
#include <cstddef>

#include "catch.h"
#include "schedule/generate/figures_of.h"
#include "schedule/program.h"
#include "schedule/simulate/overlap.h"

using namespace pipetrain;

namespace {

struct Steps {
  explicit Steps(const ScheduleSizes& sizes, StageCost share = {1, 1, 1})
      : schedule(generate("zb-h2", sizes.ranks, 1, sizes.microbatches)),
        costs(equal_costs(schedule, share.forward, share.backward_input, share.backward_weight)),
        work(sizes.microbatches * share.total()) {}

  double seconds(int steps) const {
    return simulate_steps(program_of(schedule, {}), costs, steps, StepRule::kPostValidation)
        .makespan();
  }
  // By how much one more step takes longer than a rank works.
  double bubble() const { return (seconds(8) - seconds(4)) / 4 - work; }

  Schedule schedule;
  Costs costs;
  double work;  // of a rank in a step
};

bool fills_warmup(const ScheduleSizes& sizes) { return sizes.microbatches >= 2 * sizes.ranks - 1; }

}  // namespace

// Qi et al. 2024, section 2.2: "zero bubble".
TEST_CASE("Between steps of ZB-H2 that wait for no norm no rank ever waits") {
  for_each_size("zb-h2", [](const ScheduleSizes& sizes) {
    if (!fills_warmup(sizes)) return;
    CHECK(Steps(sizes).bubble() == Approx(0).margin(1e-9));
    CHECK(Steps(sizes).seconds(3) == Approx(3 * 3 * sizes.microbatches + sizes.ranks - 1));
  });
}

// Table 2: (p-1)(F + I - 2W).
TEST_CASE("ZB-H2's bubble between steps grows with F and I, and shrinks with W") {
  CHECK(Steps({4, 1, 12}, {1.25, 1, 0.75}).bubble() == Approx(3 * (1.25 + 1 - 2 * 0.75)));
  CHECK(Steps({3, 1, 9}, {1, 1.5, 1}).bubble() == Approx(2 * (1 + 1.5 - 2)));
}

TEST_CASE("With a flush ZB-H2 has the bubble of ZB-H1") {
  check_bubble("zb-h2", [](const ScheduleSizes& sizes) { return sizes.ranks - 1; });
}

// Section 2.2 and table 2: in microbatches until their W.
TEST_CASE("Every rank of ZB-H2 keeps 2 p - 1 microbatches") {
  check_live("zb-h2", [](const ScheduleSizes& sizes, int) { return 2 * sizes.ranks - 1; });
}

// Of which (2p-1-2r) are kept as a whole and 2r for W alone: section 2.3 counts (2p-2i+1) M_B +
// (2i-2) M_W on device i = r+1.
TEST_CASE("Rank r of ZB-H2 keeps 2 r microbatches for W alone") {
  const Schedule schedule = generate("zb-h2", 4, 1, 12);
  for (int rank = 0; rank < 4; ++rank) {
    int whole = 0, most_whole = 0, for_weights = 0, most_for_weights = 0;
    for (const Action& action : schedule.ranks[static_cast<std::size_t>(rank)]) {
      if (action.op == Op::kForward) ++whole;
      if (action.op == Op::kBackwardInput) --whole, ++for_weights;
      if (action.op == Op::kBackwardWeight) --for_weights;
      most_whole = std::max(most_whole, whole);
      if (action.op == Op::kForward) most_for_weights = std::max(most_for_weights, for_weights);
    }
    CAPTURE(rank);
    CHECK(most_whole == 2 * 4 - 1 - 2 * rank);
    CHECK(most_for_weights == 2 * rank);
  }
}

TEST_CASE("With too few microbatches for its warm-up a step of ZB-H2 is as short as can be") {
  for_each_size("zb-h2", [](const ScheduleSizes& sizes) {
    const int p = sizes.ranks, m = sizes.microbatches;
    if (fills_warmup(sizes)) return;
    // The last rank's F and I of all, the way there and back, and a last W.
    CHECK(FiguresOf("zb-h2", sizes).makespan == Approx(std::max(3 * m, 2 * m + p) + p - 1));
    CHECK(FiguresOf("zb-h2", sizes).makespan <= FiguresOf("zb-h1", sizes).makespan + 1e-9);
  });
}
