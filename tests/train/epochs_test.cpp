// Training that passes over samples: the short last batch of an epoch, and the same bits however
// the model is cut.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "trained.h"

using namespace pipetrain;

namespace epochs_test {

namespace {

constexpr std::int64_t kSamples = 22, kSteps = 9;  // three epochs of steps of 8, 8 and 6 rows

Config config_of(const std::string& schedule, int microbatches) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 16, .context = 4};
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = microbatches;
  config.pipeline.partition = PartitionRule::kUniform;
  config.train.batch_size = 8;
  return config;
}

struct Run : Trained {
  std::vector<std::int64_t> rows;  // of each step
};

Run run(const std::string& schedule, int microbatches, int ranks) {
  FixedSource source = FixedSource::counting(kSamples, 4, 13);
  source.pass_over_rows();
  Run made;
  const Config config = config_of(schedule, microbatches);
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    made.train(rank, 0, kSteps, [&](std::int64_t step, const StepResult&) {
      if (rank.rank() == 0) made.rows.push_back(rank.pipeline().batches.training_step(step).rows);
    });
    made.take_weights(rank);
  });
  return made;
}

}  // namespace

TEST_CASE("The last batch of an epoch takes the rest, the same bits on every number of ranks") {
  for (const int microbatches : {1, 3, 4}) {
    const Run one = run("gpipe", microbatches, 1);
    CHECK(one.rows == std::vector<std::int64_t>{8, 8, 6, 8, 8, 6, 8, 8, 6});
    for (const auto& [schedule, ranks] : {std::pair{"1f1b", 2}, {"zb-h1", 3}, {"zbv", 2}}) {
      INFO(schedule << ", " << ranks << " ranks, " << microbatches << " microbatches");
      const Run other = run(schedule, microbatches, ranks);
      CHECK(other.losses == one.losses);
      CHECK(other.weights == one.weights);
    }
  }
}

TEST_CASE("The loss of a short batch is the mean over its own rows") {
  const Run whole = run("gpipe", 1, 1), parts = run("gpipe", 4, 1);
  for (std::size_t step = 0; step < kSteps; ++step) {
    CHECK(parts.losses[step] == Approx(whole.losses[step]).epsilon(1e-5));
  }
}

}  // namespace epochs_test
