#include "schedule/neighbours.h"

#include <cstddef>
#include <vector>

#include "catch.h"
#include "schedule/drawing.h"
#include "schedule/lower.h"

using namespace pipetrain;

TEST_CASE("The first stage's I and the W right behind it run as one, and no others") {
  const std::vector<Action> actions =
      actions_of("0I0 0W0 0I1 0RECV_B2 0W1 0I2 0W1 0I3 1W3 1I0 1W0 0I4").front();
  std::vector<std::size_t> joined;
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (is_joined(actions, i)) joined.push_back(i);
  }
  CHECK(joined == std::vector<std::size_t>{0});
}

TEST_CASE("Lowering leaves nothing between the first stage's I and W") {
  const Schedule schedule{Placement::loop(2), 4, actions_of(R"(
    0F0 0F1 0B0 0F2 0B1 0F3 0B2 0B3
    1F0 1B0 1F1 1B1 1F2 1B2 1F3 1B3
  )")};
  const std::vector<Action> first = lower(schedule).ranks[0];
  int joined = 0;
  for (std::size_t i = 0; i < first.size(); ++i) joined += is_joined(first, i) ? 1 : 0;
  CHECK(joined == 4);
}

TEST_CASE("An I or B is apart from its F unless it is the next that the rank computes") {
  const Schedule schedule{Placement::loop(1, 2), 3,
                          actions_of("0F0 0SEND_F0 0F1 0I1 0I0 0W0 1F2 "
                                     "1RECV_B2 1I2 0F2 0R2 0B2")};
  const std::vector<bool> apart = apart_cells(schedule, schedule.ranks[0]);
  const auto is_apart = [&](int stage, int m) {
    return bool{apart[cell(schedule, {Op::kForward, stage, m})]};
  };
  CHECK(is_apart(0, 0));
  CHECK(!is_apart(0, 1));
  CHECK(!is_apart(1, 2));  // a receive is no work
  CHECK(!is_apart(0, 2));  // nor is R
}
