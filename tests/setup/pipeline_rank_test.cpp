#include "setup/pipeline_rank.h"

#include <string>

#include "base/error.h"
#include "catch.h"
#include "comm/in_process.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace pipeline_rank_test {

namespace {

Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  return config;
}

// Makes the only rank of a pipeline; why it cannot be made, or nothing.
std::string refusal(const MemoryLimit& limit, Mode mode) {
  const Config config = gpt();
  const ModelSetup model = set_up_model(
      config, {.data = {.row = {4}, .vocabulary = 13, .classes = 13}, .memory_limit = limit});
  InProcess alone(1);
  MemoryPool pool;
  const auto mailbox = alone.mailbox(0, pool);
  const auto world = alone.collective(0), replicas = alone.collective(0),
             tensor = alone.collective(0);
  try {
    const PipelineRank rank(config, model, {Grid(1, 1, 1, 1), *mailbox, *world, *replicas, *tensor},
                            pool, mode);
    CHECK(rank.map.stage_count() == 1);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("What will not fit into a rank's memory is refused before it is made") {
  const MemoryLimit limit{.bytes = 1000, .reason = "--memory-limit"};
  CHECK(contains(refusal(limit, Mode::kTrain), "memory: rank 0 will take", "--memory-limit"));
  CHECK(refusal({}, Mode::kTrain).empty());
  CHECK(refusal(limit, Mode::kEvaluate).empty());  // it is foreseen for training only
}

TEST_CASE("A rank's parts see the same batches and stages") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const Config config = gpt();
  run_ranks(config, source, 2, [&](RankThread& thread) {
    const PipelineRank& rank = thread.pipeline();
    if (rank.layout.partition.size() != 2) throw Error(ExitCode::kConfiguration, "partition");
    if (rank.state.stages().size() != rank.map.local_stages().size()) {
      throw Error(ExitCode::kConfiguration, "stages");
    }
    if (rank.batches.training_step(0).microbatches != rank.layout.schedule.microbatches) {
      throw Error(ExitCode::kConfiguration, "microbatches");
    }
  });
}

}  // namespace pipeline_rank_test
