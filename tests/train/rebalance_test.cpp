#include "train/rebalance.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "comm/in_process.h"
#include "training_run.h"

using namespace pipetrain;

namespace rebalance_test {

namespace {

const FixedSource& source() {
  static const FixedSource rows = FixedSource::counting(8, 4, 13);
  return rows;
}

// What two ranks of these speeds would have, if all layers took equal time.
Layout layout_of(const Config& config, const std::vector<double>& speeds) {
  Layout layout;
  InProcess group(1, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int) {
    const ModelSetup model = set_up_model(
        config, {.data = data_shape_of(source()), .stage_ranks = 2, .training_rows = 8});
    const auto world = group.collective(0);
    layout = choose_layout(config, model, *world);
    std::ranges::fill(layout.layer_costs, StageCost{1e-3, 1e-3, 1e-3});
    layout = layout_at_speeds(config, model, layout, speeds, *world);
  });
  return layout;
}

World two_ranks(int threads = 1) {
  return {0, {{.host = "a", .threads = threads}, {.host = "b", .threads = threads}}};
}

std::vector<double> losses(const Config& config) {
  std::vector<double> found;
  for (const auto& line : metrics_of(config)) {
    if (line.contains("loss")) found.push_back(line["loss"]);
  }
  return found;
}

}  // namespace

TEST_CASE("A place of the pipeline is as fast as the slowest rank that stands there") {
  Layout layout;
  const Grid grid(4, 2, 1, 2);  // two replicas
  CHECK(speeds_at({1, 1, 1, 2}, layout, grid) == std::vector<double>{1, 0.5});
  layout.speeds = {1, 0.5};
  CHECK(speeds_at({1, 1, 1, 0.5}, layout, grid) == std::vector<double>{1, 0.5});
  CHECK(speeds_at({1, 0.5, 1, 0.5}, layout, grid) == std::vector<double>{1, 1});
}

TEST_CASE("The pace of steps is the median of each window") {
  StepPace pace(3);
  CHECK(pace.median() == 0);
  CHECK(!pace.add(1));
  CHECK(!pace.add(9));
  CHECK(pace.add(2));
  CHECK(pace.median() == 2);
  CHECK(!pace.add(5));
  CHECK(pace.median() == 2);
}

TEST_CASE("A cut whose steps are no shorter is taken back, and tried ever less often") {
  using Verdict = CutTrials::Verdict;
  CutTrials trials;
  Layout before;
  before.partition = {0, 7};
  CHECK(trials.judge(0.032) == Verdict::kFree);
  for (const int left_alone : {1, 2, 4, 8}) {
    trials.begin(before);
    CHECK(trials.judge(0) == Verdict::kLeave);  // no window of steps so far
    CHECK(trials.judge(0.048) == Verdict::kTakeBack);
    CHECK(trials.judge(0.0319) == Verdict::kTakeBack);  // no checkpoint was written; still no gain
    CHECK(trials.before().partition == before.partition);
    CHECK(trials.seconds_before() == 0.032);
    CHECK(trials.on_trial());
    trials.take_back();
    CHECK(!trials.on_trial());
    for (int i = 0; i < left_alone; ++i) {
      CHECK(trials.left_alone() == left_alone - i);
      CHECK(trials.judge(0.1) == Verdict::kLeave);
    }
    CHECK(trials.judge(0.032) == Verdict::kFree);
  }
  trials.begin(before);
  CHECK(trials.judge(0.030) == Verdict::kFree);  // kept, and the next one is trusted again
  CHECK(!trials.on_trial());
  trials.begin(before);
  CHECK(trials.judge(0.030) == Verdict::kTakeBack);
  trials.take_back();
  CHECK(trials.left_alone() == 1);
}

TEST_CASE("Where a cut is told, or would change results, a run is never cut anew") {
  const TemporaryFolder at;
  Config config = small_run(at, 4);
  config.train.checkpoint_every = 2;
  const Layout layout = layout_of(config, {1, 1});
  CHECK(why_never_recut(config, two_ranks(), layout).empty());
  CHECK(why_never_recut(config, two_ranks(8), layout).starts_with("ranks take turns on cores"));
  config.pipeline.partition = PartitionRule::kUniform;
  CHECK(why_never_recut(config, two_ranks(), layout).starts_with("pipeline.partition says"));
  config.pipeline.partition = PartitionRule::kAuto;
  config.train.checkpoint_every = 0;
  CHECK(why_never_recut(config, two_ranks(), layout).starts_with("train.checkpoint_every is 0"));
}

TEST_CASE("A run that goes on with another cut has the losses and weights that it would have had") {
  const TemporaryFolder at, other;
  Config config = small_run(at, 6), whole = small_run(other, 6);
  for (Config* each : {&config, &whole}) {
    each->model.depth = 4;
    each->train.log_every = 1;
    each->train.checkpoint_every = 3;
    each->train.eval_every = 0;
  }
  run_training(whole, source(), 2);
  Config half = config;
  half.train.steps = 3;
  CHECK(run_training(half, source(), 2).done);
  const Layout slow = layout_of(config, {1, 0.2});
  CHECK(slow.partition[1] > layout_of(config, {1, 1}).partition[1]);
  const Ended ended =
      run_training(config, source(), 2,
                   {.resume_from = checkpoint_folder(config.train.output + "/checkpoints", 3),
                    .recut = Recut{.layout = slow, .checkpoint = {}, .trials = {}}});
  CHECK(ended.done);
  CHECK(contains(ended.shown, "partition: ", "ranks at speeds 1.00, 0.20"));
  CHECK(losses(config) == losses(whole));
  CHECK(tensors_in(checkpoint_of(config, 6)) == tensors_in(checkpoint_of(whole, 6)));
}

}  // namespace rebalance_test
