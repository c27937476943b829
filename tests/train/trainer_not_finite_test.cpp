// What a run does where a loss is not finite: it stops, or leaves out the step.
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "training_run.h"

using namespace pipetrain;

namespace trainer_not_finite_test {

namespace {

using Steps = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("A run stops at a loss that is not finite, with the weights of the last good step") {
  const TemporaryFolder at;
  const Config config = images_run(at, 6, false);
  const Ended ended = run_training(config, Ruined(2, 2), 2);
  CHECK(ended.code == ExitCode::kNotFinite);
  CHECK(contains(ended.error, "loss is not finite at step 3: first in layers.0.flatten",
                 "the checkpoint is of the last good step", "or set train.on_nonfinite=skip"));
  CHECK(steps_saved(config) == Steps{2});
  CHECK(checkpoint_of(config, 2).position().doubt.empty());
}

TEST_CASE("A step that is left out changes no weight, and the run goes on") {
  const TemporaryFolder at, good;
  const Config skips = images_run(at, 3, true), whole = images_run(good, 2, false);
  const Ended ended = run_training(skips, Ruined(2, 2), 2);
  CHECK(ended.done);
  CHECK(contains(ended.shown, "loss is not finite at step 3", "the step is skipped"));
  run_training(whole, Ruined(9, 9), 1);
  const Weights expected = tensors_in(checkpoint_of(whole, 2));
  for (const auto& [name, values] : tensors_in(checkpoint_of(skips, 3))) {
    CHECK(values == expected.at(name));
  }
  CHECK(checkpoint_of(skips, 3).position().skipped_steps == 1);
  CHECK(checkpoint_of(skips, 3).position().doubt == "the last step was not finite");
}

TEST_CASE("No checkpoint between is written while the weights are in doubt") {
  const TemporaryFolder at;
  Config config = images_run(at, 5, true);
  config.train.checkpoint_every = 1;
  config.train.keep_checkpoints = 10;
  const Ended ended = run_training(config, Ruined(1, 2), 1);
  CHECK(steps_saved(config) == Steps{1, 4, 5});
  CHECK(contains(ended.shown, "no checkpoint of step 2: the last step was not finite",
                 "no checkpoint of step 3: the last 2 steps were not finite"));
}

TEST_CASE("So many steps in a row that are not finite end the run") {
  const TemporaryFolder at;
  Config config = images_run(at, 20, true);
  config.train.max_skipped_steps = 3;
  config.train.checkpoint_every = 1;
  const Ended ended = run_training(config, Ruined(2, 20), 1);
  CHECK(ended.code == ExitCode::kNotFinite);
  CHECK(contains(ended.error, "at step 5", "that makes 3 skipped steps in a row",
                 "the weights after step 2 may be ruined",
                 "their checkpoints are now in " + config.train.output + "/checkpoints/set-aside"));
  CHECK(steps_saved(config) == Steps{1});
}

TEST_CASE("Where updates come a step late, so are the weights that may be ruined") {
  for (const int ranks : {1, 2}) {
    const TemporaryFolder at;
    Config config = images_run(at, 20, true);
    config.pipeline.delay = 1;
    config.train.max_skipped_steps = 3;
    config.train.checkpoint_every = 1;
    const Ended ended = run_training(config, Ruined(3, 20), ranks);
    CHECK(contains(ended.error, "at step 6", "the weights after step 2 may be ruined"));
    CHECK(steps_saved(config) == Steps{1});
  }
}

}  // namespace trainer_not_finite_test
