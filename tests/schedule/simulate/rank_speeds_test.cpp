#include "schedule/simulate/rank_speeds.h"

#include <vector>

#include "catch.h"

using namespace pipetrain;

using Numbers = std::vector<double>;

TEST_CASE("Ranks that differ by noise are alike") {
  CHECK(settled_seconds({}).empty());
  CHECK(settled_seconds({1}).empty());
  CHECK(settled_seconds({1, 1.1, 0.95, 1.04}).empty());
  CHECK(settled_seconds({1, 1.1, 2, 1.05}) == Numbers{1.1, 1.1, 2, 1.1});
  CHECK(settled_seconds({3, 1, 1, 0.5}) == Numbers{3, 1, 1, 0.5});
}

TEST_CASE("A place is as slow as its slowest rank") {
  CHECK(place_speeds({}, {0, 1}, 1).empty());
  CHECK(place_speeds({1, 1, 2, 1}, {0, 1, 2, 3}, 1) == Numbers{1, 1, 0.5, 1});
  CHECK(place_speeds({2, 1, 1, 1}, {0, 1, 0, 1}, 2) == Numbers{1, 2});     // costs of slow rank 0
  CHECK(place_speeds({1, 1, 4, 1}, {0, 1, 0, 1}, 1) == Numbers{0.25, 1});  // two replicas
}
