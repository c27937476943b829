#include "setup/rank_map.h"

#include <cstddef>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

Schedule of(const Placement& placement) {
  Schedule schedule{.placement = placement, .microbatches = 1};
  schedule.ranks.resize(static_cast<std::size_t>(placement.rank_count()));
  return schedule;
}

}  // namespace

TEST_CASE("Alone in the grid, a pipeline's ranks are those of the schedule") {
  const Grid grid(3, 1, 1, 3);
  const RankMap loop(grid, 1, of(Placement::loop(3, 2)));
  CHECK(loop.stage_count() == 6);
  CHECK(loop.local_stages() == std::vector<int>{1, 4});
  CHECK(loop.ranks_of_stages() == std::vector<int>{0, 1, 2, 0, 1, 2});
  CHECK(loop.last_ranks() == std::vector<int>{2});

  const RankMap v(grid, 0, of(Placement::wave(3)));
  CHECK(v.local_stages() == std::vector<int>{0, 5});
  CHECK(v.ranks_of_stages() == std::vector<int>{0, 1, 2, 2, 1, 0});
  CHECK(v.last_ranks() == std::vector<int>{0});
}

// data 2 x pipeline 2 x tensor 2, one stage a rank:
//               replica 0   replica 1
//     stage 0     0  1        4  5
//     stage 1     2  3        6  7
TEST_CASE("Every replica has each stage on as many ranks as share its layers") {
  const Grid grid(8, 2, 2, 2);
  const RankMap map(grid, 7, of(Placement::loop(2, 1)));
  CHECK(map.rank() == 7);
  CHECK(map.position() == GridPosition{.data = 1, .pipeline = 1, .tensor = 1});
  CHECK(map.place() == 1);
  CHECK(map.local_stages() == std::vector<int>{1});
  CHECK(map.rank_of_stage(0, 0) == 1);
  CHECK(map.rank_of_stage(1, 0) == 3);
  CHECK(map.ranks_of_stages() == std::vector<int>{5, 7});
  CHECK(map.last_ranks() == std::vector<int>{3, 7});
  const std::vector<PipelineEnds> ends = map.ends();
  REQUIRE(ends.size() == 2);
  CHECK(ends[0].first_ranks == std::vector<int>{0, 1});
  CHECK(ends[0].last_ranks == std::vector<int>{2, 3});
  CHECK(ends[1].first_ranks == std::vector<int>{4, 5});
  CHECK(ends[1].last_ranks == std::vector<int>{6, 7});
}

TEST_CASE("Every stage of every replica is one rank's, whatever rank looks at the map") {
  const Grid grid(12, 2, 2, 3);
  for (const Placement& placement :
       {Placement::loop(3, 2), Placement::wave(3, 2), Placement::of({{1, 5, 2}, {4}, {0, 3}})}) {
    std::vector<int> owners(static_cast<std::size_t>(2 * 2 * 6));  // of each stage's copies
    for (int rank = 0; rank < grid.size(); ++rank) {
      const RankMap map(grid, rank, of(placement));
      for (const int stage : map.local_stages()) {
        CHECK(map.rank_of_stage(stage, map.position().data) == rank);
        ++owners[static_cast<std::size_t>((map.position().data * 2 + map.position().tensor) * 6 +
                                          stage)];
      }
    }
    CHECK(owners == std::vector<int>(owners.size(), 1));
  }
}
