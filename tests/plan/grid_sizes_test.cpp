#include "plan/grid_sizes.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

using Sizes = std::vector<std::pair<int, int>>;  // replicas and ranks of a pipeline

Sizes sizes_of(const GridBounds& bounds) {
  Sizes found;
  for (const GridSize& size : grids(bounds)) {
    found.emplace_back(size.data, size.pipeline);
  }
  return found;
}

}  // namespace

TEST_CASE("Pipelines have a divisor of the ranks, alone or as replicas that use all") {
  CHECK(sizes_of({4, 1, 8, 8}) == Sizes{{1, 1}, {4, 1}, {1, 2}, {2, 2}, {1, 4}});
  CHECK(sizes_of({6, 1, 6, 8}) == Sizes{{1, 1}, {6, 1}, {1, 2}, {3, 2}, {1, 3}, {2, 3}, {1, 6}});
}

TEST_CASE("Replicas take equal parts of the batch, and a stage has a layer") {
  CHECK(sizes_of({4, 1, 6, 8}) == Sizes{{1, 1}, {1, 2}, {2, 2}, {1, 4}});  // 6 rows not by 4
  CHECK(sizes_of({4, 1, 8, 2}) == Sizes{{1, 1}, {4, 1}, {1, 2}, {2, 2}});
}

TEST_CASE("Where ranks share layers a stage is that many ranks, if they divide all") {
  CHECK(sizes_of({4, 2, 8, 8}) == Sizes{{1, 1}, {2, 1}, {1, 2}});
  CHECK(sizes_of({4, 4, 8, 8}) == Sizes{{1, 1}});
  CHECK(sizes_of({5, 2, 8, 8}).empty());
}

TEST_CASE("Numbers of microbatches are multiples of the ranks up to the batch, and one's own") {
  CHECK(microbatch_counts({.microbatches = 3}, 2, 10) == std::vector<int>{2, 3, 4, 8});
  CHECK(microbatch_counts({.microbatches = 8}, 2, 16) == std::vector<int>{2, 4, 8, 16});
  CHECK(microbatch_counts({.microbatches = 99}, 8, 4) == std::vector<int>{4});
}

// 10 rows as 1, 2, 3, 4 or 8 microbatches, and each half of them as 1, 2, 3 or 4.
TEST_CASE("All sizes that microbatches may have are measured, one's own first") {
  CHECK(microbatch_rows({.microbatches = 3}, {2, 1, 10, 4}) ==
        std::vector<std::int64_t>{4, 1, 2, 3, 5, 10});
  CHECK(microbatch_rows({.data = 2, .microbatches = 2}, {2, 1, 8, 1}).front() == 2);
}
