#include "setup/rank_map.h"

#include <cstddef>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace rank_map_test {

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
  CHECK(map.last_ranks() == std::vector<int>{2, 6});
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

// data 2 x pipeline 4 x tensor 1: stages 0 1 2 3 down, 3 2 1 0 up.
TEST_CASE("Where stages have copies, ranks that face each other are of one group") {
  const Grid grid(8, 2, 1, 4);
  const RankMap map(grid, 6, of(Placement::loop_both_ways(4)));  // place 2 of replica 1
  CHECK(map.copies() == 2);
  CHECK(map.local_stages() == std::vector<int>{1, 2});
  CHECK(map.copy_of(1) == 1);
  CHECK(map.copy_of(2) == 0);
  CHECK(map.replicas() == 4);
  CHECK(map.replica() == 3);
  CHECK(grid.stage_group(6, 2) == std::vector<int>{1, 2, 5, 6});
  CHECK(grid.stage_group(6, 2)[static_cast<std::size_t>(map.replica())] == 6);
  CHECK(grid.stage_group(6, 1) == grid.data_group(6));
  CHECK(map.rank_of_stage(0, 1, 1) == 7);
  const RankRoutes routes = map.routes();
  REQUIRE(routes.stages.size() == 2);
  CHECK(routes.stages_per_rank == 1);
  CHECK(routes.stages[0].copy == 1);  // stage 1, on the way up
  CHECK(routes.stages[0].below == 7);
  CHECK(routes.stages[0].above == 5);
  CHECK(routes.stages[1].copy == 0);
  CHECK(routes.stages[1].below == 5);
  CHECK(routes.stages[1].above == 7);
  const std::vector<PipelineEnds> ends = map.ends();
  REQUIRE(ends.size() == 4);
  CHECK(ends[2].first_ranks == std::vector<int>{4});
  CHECK(ends[2].last_ranks == std::vector<int>{7});
  CHECK(ends[3].first_ranks == std::vector<int>{7});
  CHECK(ends[3].last_ranks == std::vector<int>{4});
}

// data 2 x pipeline 2 x tensor 1.
TEST_CASE("Where the vocabulary is over the pipeline, all places have a piece and need targets") {
  Schedule schedule = of(Placement::loop(2, 2));
  CHECK(RankMap(Grid(4, 2, 1, 2), 3, schedule).routes().vocabulary.pieces.empty());
  schedule.vocabulary = VocabularyPlace::kParallel;
  const RankMap map(Grid(4, 2, 1, 2), 3, schedule);
  const RankRoutes routes = map.routes();
  CHECK(routes.vocabulary.pieces == std::vector<int>{2, 3});
  CHECK(routes.vocabulary.last_stage == 3);
  CHECK(routes.vocabulary.last_rank == 3);
  const std::vector<PipelineEnds> ends = map.ends();
  REQUIRE(ends.size() == 2);
  CHECK(ends[0].last_ranks == std::vector<int>{0, 1});
  CHECK(ends[1].first_ranks == std::vector<int>{2});
  CHECK(ends[1].last_ranks == std::vector<int>{2, 3});
  CHECK(routes.vocabulary.chain.empty());
  const RankMap looks_up(Grid(4, 2, 1, 2), 3, schedule, /*cuts_embedding=*/true);
  CHECK(looks_up.routes().vocabulary.chain == std::vector<int>{2, 3});
  CHECK(looks_up.ends()[1].first_ranks == std::vector<int>{2, 3});
}

}  // namespace rank_map_test
