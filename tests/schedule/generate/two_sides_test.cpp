#include "schedule/generate/two_sides.h"

#include <algorithm>
#include <vector>

#include "catch.h"

using namespace pipetrain;
using namespace pipetrain::generators;

TEST_CASE("Each of a rank's two stages takes its microbatches in order, from its first one on") {
  const std::vector<Action> actions =
      two_sided_rank(2, 1, 4, {.near = {.stage = 1, .first = 4}, .far = {.stage = 2}});
  for (const Op op : {Op::kForward, Op::kBackward, Op::kBackwardInput, Op::kBackwardWeight}) {
    for (const int stage : {1, 2}) {
      std::vector<int> taken;
      for (const Action& action : actions) {
        if (action.op == op && action.stage == stage) taken.push_back(action.microbatch);
      }
      CHECK(std::ranges::is_sorted(taken));
      if (op != Op::kForward) continue;
      CHECK(taken == (stage == 1 ? std::vector{4, 5, 6, 7} : std::vector{0, 1, 2, 3}));
    }
  }
  const auto weights = [](const Action& action) { return ends_microbatch(action.op); };
  CHECK(std::ranges::count_if(actions, weights) == 8);
  CHECK(actions.front() == Action{Op::kForward, 1, 4});
  CHECK(actions[1] == Action{Op::kForward, 2, 0});
}
