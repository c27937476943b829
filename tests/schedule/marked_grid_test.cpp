#include "schedule/marked_grid.h"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"

using namespace pipetrain;

namespace {

std::vector<Action> forwards(int count) {
  std::vector<Action> actions;
  for (int m = 0; m < count; ++m) actions.push_back({Op::kForward, 0, m});
  return actions;
}

}  // namespace

TEST_CASE("The wrong action stands between marks, in columns of one width") {
  CHECK(marked_grid(actions_of("0F0 0SEND_F0 0B0\n1F0 1B0"), 1, 1) ==
        "  rank 0: 0F0       0SEND_F0  0B0\n"
        "  rank 1: 1F0      >1B0<");
}

TEST_CASE("An action that is not there is marked at the end of its row") {
  CHECK(marked_grid(actions_of("0F0 0B0\n1F0"), 1, kMissing) ==
        "  rank 0: 0F0  0B0\n"
        "  rank 1: 1F0  > missing <");
  CHECK(marked_grid({{}}, 0, kMissing) == "  rank 0: > missing <");
}

TEST_CASE("Of long rows twelve actions are shown, seven of them before the wrong one") {
  CHECK(marked_grid({forwards(15)}, 0, 2) ==
        "  rank 0: 0F0   0F1  >0F2<  0F3   0F4   0F5   0F6   0F7   0F8   0F9   0F10  0F11 ...");
  CHECK(marked_grid({forwards(15)}, 0, 9) ==
        "  rank 0: ... 0F2   0F3   0F4   0F5   0F6   0F7   0F8  >0F9<  0F10  0F11  0F12  0F13 ...");
  CHECK(!marked_grid({forwards(12)}, 0, 0).ends_with("..."));
}

TEST_CASE("Of many ranks eight are shown before the wrong one and eight behind it") {
  const std::vector<std::vector<Action>> ranks(30, forwards(1));
  const std::string grid = marked_grid(ranks, 20, 0);
  CHECK(grid.starts_with("  rank 12:"));
  CHECK(std::ranges::count(grid, '\n') == 16);
  CHECK(contains(grid, "  rank 20:>0F0<\n", "  rank 28: 0F0"));
  CHECK(marked_grid(ranks, 29, 0).ends_with("  rank 29:>0F0<"));
}
