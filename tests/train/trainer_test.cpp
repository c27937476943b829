#include "train/trainer.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "training_run.h"

using namespace pipetrain;

namespace trainer_test {

namespace {

using Steps = std::vector<std::int64_t>;

// Rows of this training step and later cannot be read.
struct Lossy : FixedSource {
  explicit Lossy(std::int64_t step) : FixedSource(counting(8, 4, 13)), lost(step) {}
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override {
    if (pass >= lost) throw Error(ExitCode::kData, "data: x: is gone");
    FixedSource::read_training(pass, first_row, inputs, targets);
  }
  std::int64_t lost;
};

Steps steps_in(const std::vector<nlohmann::json>& lines) {
  Steps steps;
  steps.reserve(lines.size());
  for (const auto& line : lines) steps.push_back(line["step"]);
  return steps;
}

}  // namespace

TEST_CASE("A run learns, says how it goes, and leaves its metrics and last checkpoint") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  Config config = small_run(at, 25);
  const Ended ended = run_training(config, source, 2);
  CHECK(ended.done);
  CHECK(ended.error.empty());
  const auto lines = metrics_of(config);
  CHECK(steps_in(lines) == Steps{0, 1, 10, 20, 25});  // validated at first and at the end
  CHECK(lines.back()["loss"].get<double>() < 0.8 * lines[1]["loss"].get<double>());
  CHECK(lines.back()["val_loss"].get<double>() < lines.front()["val_loss"].get<double>());
  CHECK(lines.back()["tokens"] == 25 * 8 * 4);
  CHECK(steps_saved(config) == Steps{25});
  CHECK(contains(ended.shown, "step     10  loss ", "\n25 steps in 0:0",
                 "run directory: " + config.train.output));
}

TEST_CASE("A run has the same losses on every number of ranks") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  std::vector<std::vector<double>> losses;
  for (const int ranks : {1, 3}) {
    const TemporaryFolder at;
    Config config = small_run(at, 4);
    config.train.log_every = 1;
    run_training(config, source, ranks);
    losses.emplace_back();
    for (const auto& line : metrics_of(config)) {
      if (line.contains("loss")) losses.back().push_back(line["loss"]);
    }
  }
  CHECK(losses[0].size() == 4);
  CHECK(losses[0] == losses[1]);
}

TEST_CASE("Evaluations and checkpoints come as often as they are asked for") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  Config config = small_run(at, 7);
  config.train.eval_every = 3;
  config.train.checkpoint_every = 2;
  config.train.keep_checkpoints = 10;
  run_training(config, source, 1);
  Steps evaluated;
  for (const auto& line : metrics_of(config)) {
    if (line.contains("val_loss")) evaluated.push_back(line["step"]);
  }
  CHECK(evaluated == Steps{0, 3, 6, 7});
  CHECK(steps_saved(config) == Steps{2, 4, 6, 7});
  CHECK(checkpoint_of(config, 7).position().validation_loss.has_value());
  CHECK(!checkpoint_of(config, 2).position().validation_loss.has_value());
  config.train.output = at.path("none");
  config.train.eval_every = 0;
  run_training(config, source, 1);
  for (const auto& line : metrics_of(config)) CHECK(!line.contains("val_loss"));
}

TEST_CASE("A run of no steps leaves the weights that training would start with") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  const Config config = small_run(at, 0);
  const Ended ended = run_training(config, source, 2);
  CHECK(ended.done);
  CHECK(steps_saved(config) == Steps{0});
  CHECK(contains(ended.shown, "these are the weights that training starts with"));
}

TEST_CASE("Where data cannot be read any more the run ends with all that was learnt") {
  const TemporaryFolder at;
  const Config config = small_run(at, 10);
  const Ended ended = run_training(config, Lossy(3), 2);
  CHECK(ended.code == ExitCode::kData);
  CHECK(ended.error == "data: x: is gone; the checkpoint is of step 3: go on with --resume");
  CHECK(steps_saved(config) == Steps{3});
  const TemporaryFolder other;
  const Ended none = run_training(small_run(other, 10), Lossy(0), 2);
  CHECK(none.error == "data: x: is gone; no step was done");
}

TEST_CASE("A trace is written where it is asked for") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  const Config config = small_run(at, 5);
  CHECK(contains(run_training(config, source, 2, {.trace = true}).shown,
                 "trace: " + trace_path(config.train.output)));
  CHECK(std::filesystem::file_size(trace_path(config.train.output)) > 1000);
}

}  // namespace trainer_test
