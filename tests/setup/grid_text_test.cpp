#include "setup/grid_text.h"

#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace grid_text_test {

namespace {

// `hosts[r / per_host]` for each rank.
World world_of(int ranks, int per_host) {
  World world;
  for (int rank = 0; rank < ranks; ++rank) {
    world.places.push_back({.host = "node" + std::to_string(rank / per_host)});
  }
  return world;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("The grid says which rank is what, on which host") {
  CHECK(grid_lines({1, 1, 1, 1}, world_of(1, 1)) == Lines{"placement: rank 0, on node0"});
  CHECK(grid_lines({4, 1, 1, 4}, world_of(4, 2)) ==
        Lines{"placement: ranks 0 to 3, pipeline places 0 to 3, on node0 (ranks 0 to 1), node1 "
              "(ranks 2 to 3)"});
  CHECK(grid_lines({4, 2, 1, 2}, world_of(4, 4)) ==
        Lines{"grid: data 2 x tensor 1 x pipeline 2",
              "replica 0: ranks 0 to 1, pipeline places 0 to 1, on node0",
              "replica 1: ranks 2 to 3, pipeline places 0 to 1, on node0"});
  CHECK(grid_lines({8, 2, 2, 2}, world_of(8, 3)) ==
        Lines{"grid: data 2 x tensor 2 x pipeline 2",
              "replica 0: ranks 0 to 3, pipeline places 0 to 1 of 2 ranks each, on node0 (ranks 0 "
              "to 2), node1 (rank 3)",
              "replica 1: ranks 4 to 7, pipeline places 0 to 1 of 2 ranks each, on node1 (ranks 4 "
              "to 5), node2 (ranks 6 to 7)"});
}

TEST_CASE("Of many replicas the first and the last are shown") {
  const Lines lines = grid_lines({100, 100, 1, 1}, world_of(100, 10));
  REQUIRE(lines.size() == 10);
  CHECK(lines[1] == "replica 0: rank 0, on node0");
  CHECK(lines[5] == "replicas 4 to 95 likewise");
  CHECK(lines[9] == "replica 99: rank 99, on node9");
}

TEST_CASE("Of ranks on many hosts in turn the line has an end") {
  World world;
  for (int rank = 0; rank < 100; ++rank) {
    world.places.push_back({.host = rank % 2 == 0 ? "a" : "b"});
  }
  const Lines lines = grid_lines({100, 1, 1, 100}, world);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].ends_with("b (rank 31), ... (ranks 32 to 99 to the last on b)"));
}

TEST_CASE("Ranks that share layers across hosts are warned of") {
  CHECK(split_tensor_groups({8, 2, 2, 2}, world_of(8, 4)).empty());
  CHECK(split_tensor_groups({8, 2, 2, 2}, world_of(8, 2)).empty());
  CHECK(split_tensor_groups({4, 1, 1, 4}, world_of(4, 1)).empty());
  const std::string text = split_tensor_groups({8, 2, 2, 2}, world_of(8, 3));
  CHECK(text.starts_with("parallel.tensor: 1 of 4 groups of 2 ranks"));
  CHECK(text.find("the first on node0 (rank 2), node1 (rank 3)") != std::string::npos);
}

}  // namespace grid_text_test
