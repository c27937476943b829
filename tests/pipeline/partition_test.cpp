#include "pipeline/partition.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace partition_test {

namespace {

// The slowest stage and the sum of squares of the best of all cuts.
std::pair<double, double> best_of_all(const std::vector<double>& costs, int stages) {
  const int layers = static_cast<int>(costs.size());
  std::pair<double, double> best{1e300, 0};
  for (unsigned cuts = 0; cuts < 1u << (layers - 1); ++cuts) {  // bit i: a stage begins at i + 1
    std::vector<double> sums{costs[0]};
    for (int i = 1; i < layers; ++i) {
      if ((cuts >> (i - 1)) & 1u) sums.push_back(0);
      sums.back() += costs[static_cast<std::size_t>(i)];
    }
    if (static_cast<int>(sums.size()) != stages) continue;
    best = std::min(best, {*std::max_element(sums.begin(), sums.end()),
                           std::inner_product(sums.begin(), sums.end(), sums.begin(), 0.0)});
  }
  return best;
}

double sum_of_squares(const std::vector<double>& costs, const Partition& partition) {
  std::vector<double> sums(partition.size());
  const std::vector<int> stage_of = stage_of_layers(partition, static_cast<int>(costs.size()));
  for (std::size_t i = 0; i < costs.size(); ++i)
    sums[static_cast<std::size_t>(stage_of[i])] += costs[i];
  return std::inner_product(sums.begin(), sums.end(), sums.begin(), 0.0);
}

void check_cut(const Partition& first, int layers, int stages) {
  REQUIRE(static_cast<int>(first.size()) == stages);
  CHECK(first.front() == 0);
  CHECK(first.back() < layers);
  CHECK(std::adjacent_find(first.begin(), first.end(), std::greater_equal<>()) == first.end());
}

std::string failure(const PipelineConfig& config, int layers, int stages) {
  try {
    check_partition(config, layers, stages);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

PipelineConfig listed(std::vector<int> first_layers) {
  PipelineConfig config;
  config.partition = PartitionRule::kList;
  config.first_layers = std::move(first_layers);
  return config;
}

}  // namespace

TEST_CASE("A balanced partition is the best of all cuts") {
  std::uint32_t state = 7;
  for (int layers = 1; layers <= 9; ++layers) {
    for (int trial = 0; trial < 10; ++trial) {
      // Whole numbers, so that sums are exact; some of them 0, as of layers that cost nothing.
      std::vector<double> costs(static_cast<std::size_t>(layers));
      for (double& cost : costs) {
        state = state * 1664525u + 1013904223u;
        cost = state >> 28;
      }
      for (int stages = 1; stages <= layers; ++stages) {
        INFO("layers " << layers << ", trial " << trial << ", stages " << stages);
        const Partition found = balanced_partition(costs, stages);
        check_cut(found, layers, stages);
        const auto [slowest, squares] = best_of_all(costs, stages);
        CHECK(slowest_stage(costs, found) == slowest);
        CHECK(sum_of_squares(costs, found) == squares);
      }
    }
  }
}

TEST_CASE("A uniform partition gives stages that differ by one layer, the larger ones first") {
  CHECK(uniform_partition(7, 1) == Partition{0});
  CHECK(uniform_partition(7, 3) == Partition{0, 3, 5});
  CHECK(uniform_partition(8, 4) == Partition{0, 2, 4, 6});
  for (int layers = 1; layers <= 12; ++layers) {
    for (int stages = 1; stages <= layers; ++stages) {
      check_cut(uniform_partition(layers, stages), layers, stages);
    }
  }
}

TEST_CASE("Every layer has the stage that its partition gives it") {
  CHECK(stage_of_layers({0}, 3) == std::vector<int>{0, 0, 0});
  CHECK(stage_of_layers({0, 1, 4}, 6) == std::vector<int>{0, 1, 1, 1, 2, 2});
  CHECK(slowest_stage({1, 2, 3, 4, 5, 6}, {0, 1, 4}) == 11);
}

TEST_CASE("A partition that does not fit is refused with the reason") {
  CHECK(failure({}, 7, 7).empty());
  CHECK(contains(failure({}, 7, 8), "8 stages", "only 7 layers"));
  CHECK(failure(listed({0, 2, 6}), 7, 3).empty());
  CHECK(contains(failure(listed({0, 2}), 7, 3), "lists 2 stages", "3"));
  CHECK(contains(failure(listed({}), 7, 3), "lists 0 stages"));
  CHECK(contains(failure(listed({1, 2, 6}), 7, 3), "begin with 0"));
  CHECK(contains(failure(listed({0, 2, 2}), 7, 3), "ascend"));
  CHECK(contains(failure(listed({0, 5, 2}), 7, 3), "ascend"));
  CHECK(contains(failure(listed({0, 2, 7}), 7, 3), "below", "7 layers"));
}

TEST_CASE("A slow rank gets fewer layers") {
  const std::vector<double> costs(14, 1);
  const std::vector<double> speeds{1, 1, 0.5, 1};
  CHECK(balanced_partition(costs, speeds) == Partition{0, 4, 8, 10});
  CHECK(balanced_partition(costs, std::vector<double>(4, 1)) == balanced_partition(costs, 4));
  CHECK(slowest_stage(costs, {0, 4, 8, 10}, speeds) == 4);
  CHECK(stage_speeds({}, Placement::loop(2, 2)) == std::vector<double>(4, 1));
  CHECK(stage_speeds({1, 0.5}, Placement::wave(2, 2)) == std::vector<double>{1, 0.5, 0.5, 1});
}

}  // namespace partition_test
