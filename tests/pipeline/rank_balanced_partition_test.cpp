#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.h"
#include "pipeline/partition.h"

using namespace pipetrain;

namespace rank_balanced_partition_test {

namespace {

// Whole numbers, so that sums are exact; some of them 0, as of layers that cost nothing.
std::vector<double> made_up_costs(int layers, std::uint32_t seed) {
  std::vector<double> costs(static_cast<std::size_t>(layers));
  std::uint32_t state = seed * 2654435761u + 7;
  for (double& cost : costs) {
    state = state * 1664525u + 1013904223u;
    cost = state >> 28;
  }
  return costs;
}

// The slowest rank of the best of all cuts.
double best_of_all(const std::vector<double>& costs, const Placement& placement) {
  const int layers = static_cast<int>(costs.size());
  double best = std::numeric_limits<double>::infinity();
  for (unsigned cuts = 0; cuts < 1u << (layers - 1); ++cuts) {  // bit i: a stage begins at i + 1
    Partition first{0};
    for (int i = 1; i < layers; ++i) {
      if ((cuts >> (i - 1)) & 1u) first.push_back(i);
    }
    if (static_cast<int>(first.size()) != placement.stage_count()) continue;
    best = std::min(best, slowest_rank(costs, first, placement));
  }
  return best;
}

}  // namespace

TEST_CASE("In a V no cut has a faster slowest rank") {
  for (int ranks = 1; ranks <= 4; ++ranks) {
    for (int layers = 2 * ranks; layers <= 11; ++layers) {
      for (std::uint32_t seed = 0; seed < 10; ++seed) {
        INFO("ranks " << ranks << ", layers " << layers << ", seed " << seed);
        const std::vector<double> costs = made_up_costs(layers, seed);
        const Partition found = rank_balanced_partition(costs, Placement::wave(ranks));
        REQUIRE(is_partition(found, layers, 2 * ranks));
        CHECK(slowest_rank(costs, found, Placement::wave(ranks)) ==
              best_of_all(costs, Placement::wave(ranks)));
      }
    }
  }
}

TEST_CASE("In a loop the slowest rank is never slower than with the evenest stages") {
  int best = 0, all = 0;
  for (int ranks = 1; ranks <= 3; ++ranks) {
    for (int virtual_stages = 1; virtual_stages <= 3; ++virtual_stages) {
      for (int layers = ranks * virtual_stages; layers <= 11; ++layers) {
        for (std::uint32_t seed = 0; seed < 10; ++seed) {
          INFO("ranks " << ranks << ", v " << virtual_stages << ", layers " << layers << ", seed "
                        << seed);
          const std::vector<double> costs = made_up_costs(layers, seed);
          const int stages = ranks * virtual_stages;
          const Placement loop = Placement::loop(ranks, virtual_stages);
          const Partition found = rank_balanced_partition(costs, loop);
          REQUIRE(is_partition(found, layers, stages));
          const double slowest = slowest_rank(costs, found, loop);
          CHECK(slowest <= slowest_rank(costs, balanced_partition(costs, stages), loop));
          ++all;
          best += slowest == best_of_all(costs, loop);
        }
      }
    }
  }
  CHECK(best >= all * 9 / 10);
}

TEST_CASE("A heavy head leaves its rank's other stage short") {
  // 12 equal layers and a head of 6: the rank of the head gets little else.
  std::vector<double> costs(13, 1);
  costs.back() = 6;
  const Partition found = rank_balanced_partition(costs, Placement::wave(3));
  CHECK(slowest_rank(costs, found, Placement::wave(3)) == 7);
  CHECK(found[1] == 1);  // rank 0: one layer, and the head
}

TEST_CASE("Stage costs are the sums of their layers'") {
  const std::vector<StageCost> layers{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  const std::vector<StageCost> stages = stage_costs(layers, {0, 2});
  REQUIRE(stages.size() == 2);
  CHECK(stages[0].forward == 5);
  CHECK(stages[0].backward_input == 7);
  CHECK(stages[0].backward_weight == 9);
  CHECK(stages[1].total() == 24);
}

TEST_CASE("A slow rank's stages are short together") {
  const std::vector<double> costs(28, 1), speeds{1, 1, 0.5, 1};
  for (const Placement& placement : {Placement::wave(4), Placement::loop(4, 2)}) {
    const Partition found = rank_balanced_partition(costs, placement, speeds);
    CHECK(slowest_rank(costs, found, placement, speeds) == 8);
    CHECK(slowest_rank(costs, rank_balanced_partition(costs, placement), placement, speeds) == 14);
  }
}

}  // namespace rank_balanced_partition_test
