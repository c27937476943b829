// Two copies of every stage, each with half of the microbatches: the bits of two replicas that have
// a half each, whatever the schedule, and one copy in a checkpoint.
#include <string>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"
#include "trained.h"
#include "training_run.h"

using namespace pipetrain;

namespace both_ways_test {

namespace {

constexpr int kRows = 16, kSteps = 3;

Config gpt(const std::string& schedule, int microbatches, int replicas = 1) {
  Config config;
  config.model = {.preset = "gpt", .depth = 3, .heads = 2, .width = 16, .context = 8};
  config.model.tie_embeddings = true;
  config.model.dropout = 0.1;
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = microbatches;
  config.pipeline.partition = PartitionRule::kUniform;
  config.parallel.data = replicas;
  config.optimizer.weight_decay = 0.1;
  config.optimizer.clip_norm = 1.0;
  config.train.batch_size = kRows;
  return config;
}

// With statistics of batches.
Config resnet(const std::string& schedule, int microbatches, int replicas = 1) {
  Config config = gpt(schedule, microbatches, replicas);
  config.model = {.preset = "resnet", .depth = 18, .width = 4};
  return config;
}

FixedSource tokens() { return FixedSource::counting(kRows, 8, 13); }
FixedSource images() { return FixedSource::images(kRows, {8, 8, 3}, 5); }

// Evaluations pass through one copy, those of replicas through each: up to rounding.
void check_same(const Trained& found, const Trained& expected) {
  CHECK(found.losses == expected.losses);
  CHECK(found.norms == expected.norms);
  CHECK(found.weights == expected.weights);
  CHECK(found.validation == Approx(expected.validation).epsilon(1e-9));
}

std::string refusal(const Config& config) {
  try {
    set_up_model(config, {.data = data_shape_of(tokens()), .stage_ranks = 2});
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Two copies of each stage have the bits of two replicas with half of the microbatches") {
  const Trained replicas = train_ranks(gpt("1f1b", 4, 2), tokens(), 4, kSteps);
  const Trained statistics = train_ranks(resnet("1f1b", 4, 2), images(), 4, kSteps);
  CHECK(replicas.losses.back() < replicas.losses.front());
  for (const std::string& schedule : schedule_names()) {
    if (copies_of(schedule) == 1) continue;
    for (const int ranks : {2, 4}) {
      INFO(schedule << " on " << ranks << " ranks");
      check_same(train_ranks(gpt(schedule, 8), tokens(), ranks, kSteps), replicas);
      check_same(train_ranks(resnet(schedule, 8), images(), ranks, kSteps), statistics);
    }
  }
}

TEST_CASE("The copies go with recompute, a shared optimizer, replicas and bfloat16 messages") {
  const Trained plain = train_ranks(gpt("chimera", 8), tokens(), 4, kSteps);
  Config config = gpt("chimera", 8);
  config.pipeline.recompute = Recompute::kFull;
  CHECK(train_ranks(config, tokens(), 4, kSteps) == plain);
  config.parallel.shard = Shard::kOptimizer;
  CHECK(train_ranks(config, tokens(), 4, kSteps) == plain);

  const Trained twice = train_ranks(gpt("chimera", 4, 2), tokens(), 4, kSteps);
  CHECK(train_ranks(gpt("chimera", 4, 2), tokens(), 8, kSteps).losses == twice.losses);
  CHECK(relative_difference(twice.losses, plain.losses) < 1e-6);

  Config rounded = gpt("chimera", 8);
  rounded.communication.precision = DType::kBFloat16;
  Config as_replicas = gpt("1f1b", 4, 2);
  as_replicas.communication.precision = DType::kBFloat16;
  check_same(train_ranks(rounded, tokens(), 2, kSteps),
             train_ranks(as_replicas, tokens(), 4, kSteps));
}

TEST_CASE("A checkpoint has one copy, and goes on as replicas to the same bits") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const auto with = [](Config config, const std::string& schedule, int replicas) {
    config.pipeline.schedule = schedule;
    config.parallel.data = replicas;
    config.pipeline.microbatches = 2 / replicas;
    return config;
  };
  const TemporaryFolder whole_at, at;
  const Config whole = with(small_run(whole_at, 6), "1f1b", 2);
  CHECK(run_training(whole, source, 2).error.empty());
  Config config = with(small_run(at, 4), "chimera", 1);
  CHECK(run_training(config, source, 2).error.empty());
  config.train.steps = 6;
  const std::string folder = checkpoint_folder(config.train.output + "/checkpoints", 4);
  const Ended ended = run_training(with(config, "1f1b", 2), source, 4, {.resume_from = folder});
  CHECK(ended.error.empty());
  CHECK(tensors_in(checkpoint_of(config, 6)) == tensors_in(checkpoint_of(whole, 6)));
}

TEST_CASE("What two copies of each stage do not go with is refused") {
  Config delayed = gpt("chimera", 8);
  delayed.pipeline.delay = 1;
  CHECK(refusal(delayed).starts_with("pipeline.delay: 1 does not go with schedule chimera"));
  Config early = gpt("chimera", 8);
  early.pipeline.post_validation = true;
  CHECK(refusal(early).starts_with("pipeline.post_validation: true does not go with schedule"));
  Config sharded = gpt("chimera", 8);
  sharded.parallel.shard = Shard::kParameters;
  CHECK(refusal(sharded).starts_with("parallel.shard: parameters does not go with schedule"));
  CHECK(refusal(gpt("chimera", 8)).empty());
}

}  // namespace both_ways_test
