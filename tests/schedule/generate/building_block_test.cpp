#include "schedule/generate/building_block.h"

#include "catch.h"
#include "schedule/drawing.h"

using namespace pipetrain;
using namespace pipetrain::generators;

TEST_CASE("A block that leaves no slot idle is repeated as it is, weights behind their gradients") {
  CHECK(repeated({{0, 1, 2, 3}}, 2) ==
        actions_of("0F0 1F0 1I0 0I0 1W0 0W0 0F1 1F1 1I1 0I1 1W1 0W1"));
}

// Of two ranks in a V, the whole way of one microbatch in as few slots as there can be: 1I0 and
// 0I0 leave the weights their slots only behind them.
TEST_CASE("One microbatch takes the block once") {
  CHECK(repeated({{0, 3, 4, 7}, {1, 2, 5, 6}}, 1) ==
        actions_of("0F0 3F0 3I0 3W0 0I0 0W0\n1F0 2F0 2I0 1I0 2W0 1W0"));
}
