#include "comm/grid.h"

#include <string>
#include <vector>

#include "catch.h"
#include "error_text.h"

using namespace pipetrain;

TEST_CASE("Tensor neighbours are next to each other, then the pipeline, then the replicas") {
  const Grid grid(12, 2, 2, 3);
  CHECK(grid.position_of(0) == GridPosition{0, 0, 0});
  CHECK(grid.position_of(1) == GridPosition{.data = 0, .pipeline = 0, .tensor = 1});
  CHECK(grid.position_of(2) == GridPosition{.data = 0, .pipeline = 1, .tensor = 0});
  CHECK(grid.position_of(6) == GridPosition{.data = 1, .pipeline = 0, .tensor = 0});
  for (int rank = 0; rank < 12; ++rank) CHECK(grid.rank_of(grid.position_of(rank)) == rank);
  CHECK(grid.tensor_group(9) == std::vector<int>{8, 9});
  CHECK(grid.pipeline_group(9) == std::vector<int>{7, 9, 11});
  CHECK(grid.data_group(9) == std::vector<int>{3, 9});
  CHECK(Grid::filling(12, 2, 2).pipeline() == 3);
}

TEST_CASE("A grid that does not multiply to the world is refused with all its factors") {
  const auto refusal = [](auto body) { return error_text(ExitCode::kConfiguration, body); };
  const std::string text = refusal([] { Grid(8, 2, 3, 2); });
  CHECK(contains(text, "ranks is 8"));
  CHECK(contains(text, "data 2 x tensor 3 x pipeline 2"));
  CHECK(contains(refusal([] { Grid::filling(4, 3, 1); }), "data 3 x tensor 1"));
  CHECK_THROWS_AS(Grid(4, -2, -2, 1), Error);
  CHECK_THROWS_AS(Grid(4, 0, 1, 4), Error);
  CHECK_THROWS_AS(Grid(0, 65536, 65536, 0), Error);
}
