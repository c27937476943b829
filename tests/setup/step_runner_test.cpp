#include "setup/step_runner.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace step_runner_test {

namespace {

constexpr int kRanks = 2;

Config config_of(Shard shard = Shard::kNone, int replicas = 1) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.schedule = "1f1b";
  config.pipeline.microbatches = 2;
  config.pipeline.partition = PartitionRule::kUniform;
  config.parallel = {.data = replicas, .shard = shard};
  config.train.batch_size = 8;
  return config;
}

FixedSource rows() { return FixedSource::counting(8, 4, 13); }

}  // namespace

TEST_CASE("Every rank has the same result of a step, and steps lower the loss") {
  const Config config = config_of();
  const FixedSource source = rows();
  std::mutex mutex;
  std::vector<std::vector<double>> losses(kRanks);
  run_ranks(config, source, kRanks, [&](RankThread& rank) {
    std::vector<double> mine;
    rank.train(0, 8, [&](std::int64_t, const StepResult& result) { mine.push_back(result.loss); });
    const std::lock_guard lock(mutex);
    losses[static_cast<std::size_t>(rank.rank())] = mine;
  });
  CHECK(losses[0] == losses[1]);
  CHECK(losses[0].back() < losses[0].front());
}

TEST_CASE("A step that is not finite updates nothing, and is traced to where it begins") {
  for (const Shard shard : {Shard::kNone, Shard::kOptimizer, Shard::kParameters}) {
    const int replicas = shard == Shard::kNone ? 1 : 2;
    INFO("shard " << name_of(kShards, shard));
    const Config config = config_of(shard, replicas);
    const FixedSource source = rows();
    std::mutex mutex;
    std::vector<std::string> found;
    int unchanged = 0;
    run_ranks(config, source, kRanks * replicas, [&](RankThread& rank) {
      PipelineRank& pipeline = rank.pipeline();
      StageParameters& stage = pipeline.state.parameters().stages()[0];
      // The last weights of the second stage: the head's, or its norm's.
      if (pipeline.map.place() == 1) {
        stage.values.floats().back() = std::numeric_limits<float>::quiet_NaN();
      }
      const Weights before = rank.owned_values();
      const StepContext step = pipeline.batches.training_step(0);
      rank.again(0);
      const StepResult result = pipeline.runner.train(step, 1e-2);
      rank.again(0);
      const std::string where = pipeline.runner.find_not_finite(step);
      const Weights after = rank.owned_values();
      bool same = !result.finite && after.size() == before.size();
      for (const auto& [name, values] : before) {
        for (std::size_t i = 0; same && i < values.size(); ++i) {
          const float now = after.at(name)[i];
          same = now == values[i] || (std::isnan(now) && std::isnan(values[i]));
        }
      }
      const std::lock_guard lock(mutex);
      found.push_back(where);
      unchanged += same ? 1 : 0;
    });
    CHECK(unchanged == kRanks * replicas);
    for (const std::string& where : found) CHECK(where == found[0]);
    CHECK(found[0].find(", forward of microbatch 0") != std::string::npos);
  }
}

TEST_CASE("A batch that is discarded leaves the weights and the next step as they were") {
  const Config config = config_of();
  const FixedSource source = rows();
  std::mutex mutex;
  std::vector<double> losses;
  run_ranks(config, source, kRanks, [&](RankThread& rank) {
    PipelineRank& pipeline = rank.pipeline();
    double first[2] = {};
    for (double& loss : first) {
      rank.again(0);
      pipeline.runner.discard_batch(pipeline.batches.training_step(0));
      loss = rank.evaluate();
    }
    const std::lock_guard lock(mutex);
    losses.insert(losses.end(), first, first + 2);
  });
  for (const double loss : losses) CHECK(loss == losses[0]);
}

TEST_CASE("The last stage's rank alone has an evaluation's sums") {
  const Config config = config_of();
  const FixedSource source = rows();
  std::mutex mutex;
  std::vector<StepRunner::Sums> sums(kRanks);
  run_ranks(config, source, kRanks, [&](RankThread& rank) {
    PipelineRank& pipeline = rank.pipeline();
    const StepContext batch = pipeline.batches.evaluation_step(0, 8);
    rank.feed(batch, 0);
    const StepRunner::Sums mine = pipeline.runner.evaluate(batch);
    pipeline.runner.finish_evaluation();
    const std::lock_guard lock(mutex);
    sums[static_cast<std::size_t>(rank.rank())] = mine;
  });
  CHECK(sums[0].loss == 0);
  CHECK(sums[0].correct == 0);
  CHECK(sums[1].loss > 0);
}

}  // namespace step_runner_test
