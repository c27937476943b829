#include "pipeline/simulated_partition.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "catch.h"
#include "schedule/generate/generate.h"

using namespace pipetrain;

namespace simulated_partition_test {

namespace {

// A model's layers: a cheap first one, blocks of two kinds, a dear last one; F, I and W differ.
std::vector<StageCost> model_costs(int layers, std::uint64_t seed) {
  const std::uint64_t key = random_key(seed, "layers");
  std::vector<StageCost> costs;
  for (int i = 0; i < layers; ++i) {
    const auto part = [&](std::uint64_t p) {
      const auto at = 4 * static_cast<std::uint64_t>(i) + p;
      return static_cast<double>(1 + integer_at(key, at, 0, 20));
    };
    costs.push_back({part(0), i == 0 ? 0 : part(1), part(2)});
  }
  return costs;
}

}  // namespace

TEST_CASE("No cut is slower in simulation than the uniform one") {
  std::uint64_t seed = 0;
  for (const char* name : {"1f1b", "zb-h1", "zbv", "interleaved"}) {
    for (int ranks : {2, 8, 16}) {
      const Schedule schedule = generate(name, ranks, default_virtual_stages(name), 2 * ranks);
      for (int layers : {schedule.stage_count(), 3 * schedule.stage_count() + 1}) {
        const std::vector<StageCost> costs = model_costs(layers, ++seed);
        const Partition cut = fastest_partition(costs, schedule);
        CAPTURE(name, ranks, layers);
        REQUIRE(is_partition(cut, layers, schedule.stage_count()));
        CHECK(step_seconds(costs, schedule, cut) <=
              step_seconds(costs, schedule, uniform_partition(layers, schedule.stage_count())));
      }
    }
  }
}

TEST_CASE("The cut follows the simulated step, not the slowest stage") {
  // The first layers have no I: a longer first stage delays all others by its F alone.
  const std::vector<StageCost> costs{{4, 0, 1}, {4, 0, 1}, {1, 1, 1},
                                     {1, 1, 1}, {1, 1, 1}, {1, 1, 1}};
  const Schedule schedule = generate("1f1b", 2, 1, 4);
  const Partition cut = fastest_partition(costs, schedule);
  for (int second = 1; second < 6; ++second) {
    CHECK(step_seconds(costs, schedule, cut) * (1 - kWorthACut) <=
          step_seconds(costs, schedule, {0, second}));
  }
}

TEST_CASE("Costs that differ by noise are cut alike") {
  const std::vector<StageCost> even(24, {1, 1, 1});
  const Schedule schedule = generate("1f1b", 4, 1, 8);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<StageCost> noisy = even;
    for (std::size_t i = 0; i < noisy.size(); ++i) {
      const auto noise = static_cast<double>(integer_at(random_key(seed, "n"), i, 0, 11));
      noisy[i].forward += 0.001 * (noise - 5);
    }
    CHECK(fastest_partition(noisy, schedule) == uniform_partition(24, 4));
  }
}

TEST_CASE("A slow rank's stage is cut shorter where that makes the step shorter") {
  const std::vector<StageCost> even(14, {1, 1, 1});
  const std::vector<double> speeds{1, 1, 0.5, 1};
  const Schedule schedule = generate("1f1b", 4, 1, 8);
  const Partition cut = fastest_partition(even, schedule, speeds);
  CHECK(cut[3] - cut[2] <= 2);
  CHECK(step_seconds(even, schedule, cut, speeds) <
        0.85 * step_seconds(even, schedule, uniform_partition(14, 4), speeds));
}

}  // namespace simulated_partition_test
