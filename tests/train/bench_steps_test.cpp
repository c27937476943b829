#include "train/bench_steps.h"

#include <cstdint>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace bench_steps_test {

namespace {

constexpr int kSteps = 5;

struct Came {
  std::vector<std::int64_t> after;  // how many steps had run
  std::vector<double> losses;
};

// What a run of kSteps tells on rank 0.
Came came_of(int delay, int ranks, double early_clip_norm = -1) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 4;
  config.pipeline.delay = delay;
  config.pipeline.post_validation = early_clip_norm >= 0;
  if (early_clip_norm >= 0) config.optimizer.clip_norm = early_clip_norm;
  config.pipeline.partition = PartitionRule::kUniform;
  config.train.batch_size = 8;
  Came came;
  run_ranks(config, FixedSource::counting(8, 4, 13), ranks, [&](RankThread& rank) {
    BenchSteps steps(rank.pipeline(), rank.rank() == 0 ? &rank.coordinator() : nullptr);
    for (int run = 1; run <= kSteps; ++run) {
      const auto done = steps.run();
      if (!done || rank.rank() > 0) continue;
      came.after.push_back(run - done->step.step);
      came.losses.push_back(done->result.loss);
    }
    steps.finish();
  });
  return came;
}

}  // namespace

TEST_CASE("What comes of a step is there at once, or two steps later where steps overlap") {
  const Came alone = came_of(1, 1), overlapped = came_of(1, 2);
  CHECK(came_of(0, 2).after == std::vector<std::int64_t>(kSteps, 1));
  CHECK(alone.after == std::vector<std::int64_t>(kSteps, 1));
  CHECK(overlapped.after == std::vector<std::int64_t>(kSteps - 2, 3));
  CHECK(overlapped.losses ==
        std::vector<double>(alone.losses.begin(), alone.losses.begin() + kSteps - 2));
  CHECK(alone.losses[0] == alone.losses[1]);  // both at the starting weights, on the same rows
}

TEST_CASE("Where updates do not wait for the norm it is there a step later, if nothing clips") {
  const Came never = came_of(0, 2, /*early_clip_norm=*/0);
  CHECK(never.after == std::vector<std::int64_t>(kSteps - 1, 2));
  CHECK(never.losses.back() < never.losses.front());
  // The second step takes the first one's update back, and then none goes ahead.
  CHECK(came_of(0, 2, /*early_clip_norm=*/1e-3).after == std::vector<std::int64_t>(kSteps - 1, 1));
}

}  // namespace bench_steps_test
