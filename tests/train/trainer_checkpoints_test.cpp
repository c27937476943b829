// How a run is taken up from a checkpoint, and what is in its own.
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "training_run.h"

using namespace pipetrain;

namespace trainer_checkpoints_test {

namespace {

// Another tokenizer than that of the rows it stands for.
struct Renamed : FixedSource {
  Renamed() : FixedSource(counting(8, 4, 13)) {}
  nlohmann::json tokenizer() const override { return {{"type", "other"}}; }
};

std::string folder_of(const Config& config, std::int64_t step) {
  return checkpoint_folder(config.train.output + "/checkpoints", step);
}

}  // namespace

TEST_CASE("A run that goes on from a checkpoint ends with the bits of one that was not parted") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder whole_at;
  const Config whole = small_run(whole_at, 6);
  run_training(whole, source, 1);
  const Weights expected = tensors_in(checkpoint_of(whole, 6));
  CHECK(expected.size() > 20);
  for (const int ranks : {1, 3}) {
    const TemporaryFolder at;
    Config config = small_run(at, 6);
    config.train.steps = 4;
    run_training(config, source, 2);
    config.train.steps = 6;
    const Ended ended = run_training(config, source, ranks, {.resume_from = folder_of(config, 4)});
    CHECK(ended.error.empty());
    CHECK(tensors_in(checkpoint_of(config, 6)) == expected);
    CHECK(checkpoint_of(config, 6).position().targets == 6 * 8 * 4);
  }
}

TEST_CASE("A run that is done already has nothing to do, and leaves all as it is") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  const Config config = small_run(at, 2);
  run_training(config, source, 1);
  const auto before = metrics_of(config);
  const Ended ended = run_training(config, source, 1, {.resume_from = folder_of(config, 2)});
  CHECK(ended.done);
  CHECK(contains(ended.shown, "nothing to do: 2 steps are done of 2"));
  CHECK(metrics_of(config) == before);
}

TEST_CASE("A run may begin with the weights of another, at its own first step") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at, other;
  const Config first = small_run(at, 3);
  run_training(first, source, 1);
  Config second = small_run(other, 0);
  second.train.init_from = folder_of(first, 3);
  const Ended ended = run_training(second, source, 2);
  CHECK(!contains(ended.shown, "train.init_from: "));
  const Checkpoint begun = checkpoint_of(second, 0);
  CHECK(begun.position().step == 0);
  const Weights expected = tensors_in(checkpoint_of(first, 3));
  for (const auto& [name, values] : tensors_in(begun)) {
    if (name.starts_with("layers.")) CHECK(values == expected.at(name));
  }
  // Of other data it is said, but may be meant.
  const TemporaryFolder renamed;
  second.train.output = renamed.path("run");
  CHECK(contains(run_training(second, Renamed(), 1).shown, "train.init_from: "));
  CHECK(steps_saved(second) == std::vector<std::int64_t>{0});
}

TEST_CASE("A run does not go on with other tokens, or with another model") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  Config config = small_run(at, 2);
  run_training(config, source, 1);
  config.train.steps = 4;
  const TrainerOptions resumed{.resume_from = folder_of(config, 2)};
  CHECK(!run_training(config, Renamed(), 1, resumed).error.empty());
  config.model.width = 16;
  CHECK(!run_training(config, source, 1, resumed).error.empty());
  CHECK(steps_saved(config) == std::vector<std::int64_t>{2});
}

TEST_CASE("A checkpoint says where the run stood and where it comes from") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  const Config config = small_run(at, 3);
  run_training(config, source, 2, {.origin = {.program = "pipetrain 1", .hosts = 1}});
  const Checkpoint checkpoint = checkpoint_of(config, 3);
  checkpoint.verify();
  const TrainingPosition& position = checkpoint.position();
  CHECK(position.step == 3);
  CHECK(position.rows == 24);
  CHECK(position.microbatches == 2);
  CHECK(position.data == 1);
  CHECK(position.pipeline == 2);
  CHECK(position.doubt.empty());
  CHECK(position.origin.program == "pipetrain 1");
  CHECK(!position.origin.date.empty());
  CHECK(checkpoint.config_yaml() == resolved_yaml(config));
  CHECK(checkpoint.tokenizer_json() == source.tokenizer().dump());
}

}  // namespace trainer_checkpoints_test
