// Gradients that come a step late (PipeDream-2BW, arXiv:2006.09503): w(t+1) = w(t) -
// update(gradient at w(t-1)), the same bits under every schedule and on any grid.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "catch.h"
#include "trained.h"
#include "training_run.h"

using namespace pipetrain;

namespace delayed_test {

namespace {

constexpr int kRows = 16;

Config gpt(const std::string& schedule, int replicas = 1) {
  Config config;
  config.model = {.preset = "gpt", .depth = 3, .heads = 2, .width = 16, .context = 8};
  config.model.tie_embeddings = true;
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = 8 / replicas;
  config.pipeline.partition = PartitionRule::kUniform;
  config.pipeline.delay = 1;
  config.parallel.data = replicas;
  config.optimizer.weight_decay = 0.1;
  config.optimizer.clip_norm = 1.0;
  config.train.batch_size = kRows;
  return config;
}

const FixedSource kTokens = FixedSource::counting(kRows, 8, 65);

// Of plain gradient descent without momentum: w(t+1) = w(t) - rate * gradient at w(t-1), step by
// step, by a run without a delay whose weights are set before each step.
Weights by_hand(Config config, std::int64_t steps) {
  const auto rate = static_cast<float>(config.optimizer.learning_rate);
  config.pipeline.delay = 0;
  config.optimizer.learning_rate = 1e-30;  // its own update changes nothing
  Weights newest;
  run_ranks(config, kTokens, 1, [&](RankThread& rank) {
    const auto set = [&](const Weights& weights) {
      for (StageParameters& stage : rank.pipeline().state.parameters().stages()) {
        for (const Piece& piece : stage.kept) {
          std::ranges::copy(weights.at(piece.slot->parameter->name), stage.values.f32() + piece.at);
        }
      }
      rank.pipeline().state.ops().weights_changed();
    };
    Weights previous = newest = rank.owned_values();
    for (std::int64_t step = 0; step < steps; ++step) {
      set(previous);
      rank.train(step, step + 1);
      const Weights gradients = rank.owned_gradients();
      previous = newest;
      for (auto& [name, values] : newest) {
        for (std::size_t i = 0; i < values.size(); ++i) values[i] -= rate * gradients.at(name)[i];
      }
    }
  });
  return newest;
}

std::string folder_of(const Config& config, std::int64_t step) {
  return checkpoint_folder(config.train.output + "/checkpoints", step);
}

// As the trainer lets steps overlap, from step `first` up to `steps` in one go. `skipped` is
// treated as if something in it were not finite.
void train_overlapped(Trained& made, RankThread& rank, std::int64_t steps, double rate,
                      std::int64_t first = 0, std::int64_t skipped = -1) {
  StepRunner& runner = rank.pipeline().runner;
  const auto settle = [&](std::int64_t step) {
    const StepContext context = rank.pipeline().batches.training_step(step);
    StepResult result = runner.settle(context);
    result.finite = step != skipped;
    if (!result.finite && step + 1 < steps) runner.finish_overlapped({});
    runner.update_after(context, result, rate);
    if (rank.rank() > 0) return;
    made.losses.push_back(result.loss);
    made.norms.push_back(result.gradient_norm);
  };
  for (std::int64_t step = first; step < steps; ++step) {
    if (step >= first + 2) settle(step - 2);
    rank.again(step);
    runner.run_overlapped(rank.pipeline().batches.training_step(step), {});
  }
  if (steps >= first + 2) settle(steps - 2);
  runner.finish_overlapped({});
  settle(steps - 1);
}

}  // namespace

TEST_CASE("With a delay of 1 each update takes the gradient at the weights of the step before") {
  Config config = gpt("1f1b");
  config.optimizer = {.type = "sgd", .learning_rate = 0.5, .momentum = 0};
  const Weights expected = by_hand(config, 4);
  const Trained found = train_ranks(config, kTokens, 2, 4);
  REQUIRE(found.weights.size() == expected.size());
  double largest = 0, moved = 0;
  const Weights none = by_hand(config, 0);
  for (const auto& [name, values] : expected) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      largest = std::max<double>(largest, std::abs(found.weights.at(name)[i] - values[i]));
      moved = std::max<double>(moved, std::abs(none.at(name)[i] - values[i]));
    }
  }
  CHECK(largest < 1e-6);
  CHECK(moved > 1e-2);
  // The first two steps are at the starting weights, on the same rows.
  CHECK(found.losses[0] == found.losses[1]);
  CHECK(found.losses[2] < found.losses[1]);
}

TEST_CASE("With a delay of 1 every schedule and number of ranks gives the same bits") {
  for (const DelayCorrection correction : {DelayCorrection::kNone, DelayCorrection::kNesterov}) {
    const auto run = [&](const std::string& schedule, int ranks, int replicas = 1) {
      Config config = gpt(schedule, replicas);
      config.pipeline.delay_correction = correction;
      return train_ranks(config, kTokens, ranks, 5);
    };
    const Trained expected = run("gpipe", 1);
    CHECK(expected.losses.back() < expected.losses.front());
    for (const auto& [schedule, ranks] : {std::pair("1f1b", 2), std::pair("interleaved", 2),
                                          std::pair("zb-h1", 4), std::pair("zbv", 2)}) {
      INFO(schedule << " on " << ranks << " ranks");
      CHECK(run(schedule, ranks) == expected);
    }
    const Trained two = run("1f1b", 2, 2);
    CHECK(relative_difference(two.losses, expected.losses) < 1e-5);
    CHECK(run("zb-h1", 4, 2) == two);
  }
}

TEST_CASE("Steps that overlap give the bits of steps that do not") {
  const Trained expected = train_ranks(gpt("1f1b"), kTokens, 2, 5);
  for (const auto& [schedule, ranks, replicas] :
       {std::tuple("1f1b", 2, 1), std::tuple("1f1b", 4, 1), std::tuple("zbv", 2, 1),
        std::tuple("interleaved", 2, 1), std::tuple("gpipe", 2, 1), std::tuple("1f1b", 4, 2)}) {
    INFO(schedule << " on " << ranks << " ranks, replicas " << replicas);
    const Config config = gpt(schedule, replicas);
    Trained made;
    run_ranks(config, kTokens, ranks, [&](RankThread& rank) {
      if (!rank.pipeline().runner.overlaps()) throw std::logic_error("does not overlap");
      train_overlapped(made, rank, 5, config.optimizer.learning_rate);
      made.evaluate(rank);
      made.take_weights(rank);
    });
    CHECK(made == (replicas == 1 ? expected : train_ranks(config, kTokens, ranks, 5)));
  }
}

// Of a stretch of one step all is in that step's figures: each of its microbatches, by a stage's
// mean of each action.
TEST_CASE("The end of a stretch counts as part of its last step") {
  const Config config = gpt("1f1b");
  StepResult result;
  run_ranks(config, kTokens, 2, [&](RankThread& rank) {
    StepRunner& runner = rank.pipeline().runner;
    const StepContext step = rank.pipeline().batches.training_step(0);
    rank.again(0);
    runner.run_overlapped(step, {});
    runner.finish_overlapped({});
    const StepResult found = runner.settle(step);
    if (rank.rank() == 0) result = found;
  });
  REQUIRE(result.stage_seconds.size() == 2);
  for (std::size_t rank = 0; rank < 2; ++rank) {
    CHECK(result.busy_seconds[rank] ==
          Approx(config.pipeline.microbatches * result.stage_seconds[rank].total()));
    CHECK(result.run_seconds[rank] <= result.step_seconds);
  }
}

TEST_CASE("A correction of the delay changes the updates, not what a delay is") {
  Config config = gpt("1f1b");
  const Trained plain = train_ranks(config, kTokens, 2, 5);
  config.pipeline.delay_correction = DelayCorrection::kNesterov;
  const Trained corrected = train_ranks(config, kTokens, 2, 5);
  CHECK(corrected.losses[1] == plain.losses[1]);
  CHECK(corrected.losses[4] != plain.losses[4]);
}

TEST_CASE("A delayed run that goes on from a checkpoint ends with the bits of a whole one") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder whole_at;
  Config whole = small_run(whole_at, 6);
  whole.pipeline.delay = 1;
  run_training(whole, source, 1);
  const Weights expected = tensors_in(checkpoint_of(whole, 6));
  for (const int done : {3, 4}) {
    const TemporaryFolder at;
    Config config = small_run(at, done);
    config.pipeline.delay = 1;
    run_training(config, source, 2);
    const Weights saved = tensors_in(checkpoint_of(config, done));
    const std::string name = "layers.0.embedding.token.weight";
    REQUIRE(saved.contains("optimizer.previous." + name));
    CHECK(saved.at("optimizer.previous." + name) != saved.at(name));
    config.train.steps = 6;
    const Ended ended = run_training(config, source, 2, {.resume_from = folder_of(config, done)});
    CHECK(ended.error.empty());
    CHECK(tensors_in(checkpoint_of(config, 6)) == expected);
  }
}

TEST_CASE("A delay asks for a microbatch on every rank") {
  const TemporaryFolder at;
  Config config = small_run(at, 2);
  config.pipeline.delay = 1;
  CHECK(contains(run_training(config, FixedSource::counting(8, 4, 13), 3).error,
                 "pipeline.delay: 1 has no meaning for 2 microbatches on 3 ranks"));
}

// Training runs let steps overlap; ranks that are driven step by step, above, do not.
TEST_CASE("Steps that overlap train as steps that do not, up to checkpoints and evaluations") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const auto run = [&](const std::string& schedule, int ranks, int replicas = 1) {
    const TemporaryFolder at;
    Config config = small_run(at, 7);
    config.model.depth = 3;
    config.pipeline.schedule = schedule;
    config.pipeline.microbatches = 4;
    config.pipeline.delay = 1;
    config.parallel.data = replicas;
    config.model.tie_embeddings = true;
    config.train.eval_every = 3;
    config.train.checkpoint_every = 4;
    config.train.log_every = 1;
    const Ended ended = run_training(config, source, ranks);
    CHECK(ended.error.empty());
    CHECK(steps_saved(config) == std::vector<std::int64_t>{4, 7});
    std::vector<double> losses;
    for (const nlohmann::json& line : metrics_of(config)) {
      losses.push_back(line.value("loss", 0.0));
      losses.push_back(line.value("val_loss", 0.0));
    }
    Weights all = tensors_in(checkpoint_of(config, 7));
    all.merge(Weights{{"losses", std::vector<float>(losses.begin(), losses.end())}});
    return all;
  };
  const Weights expected = run("1f1b", 1);
  CHECK(expected.at("losses").size() == 2 * 8);
  for (const auto& [schedule, ranks] : {std::pair("1f1b", 2), std::pair("1f1b", 4),
                                        std::pair("zbv", 2), std::pair("interleaved", 2)}) {
    INFO(schedule << " on " << ranks << " ranks");
    CHECK(run(schedule, ranks) == expected);
  }
}

TEST_CASE("A delayed step that is skipped leaves the same weights wherever a stretch ends") {
  const Config config = gpt("1f1b");
  const auto trained = [&](const std::vector<std::int64_t>& ends) {
    Trained made;
    run_ranks(config, kTokens, 2, [&](RankThread& rank) {
      std::int64_t first = 0;
      for (const std::int64_t end : ends) {
        train_overlapped(made, rank, end, config.optimizer.learning_rate, first, /*skipped=*/3);
        first = end;
      }
      made.take_weights(rank);
    });
    return made;
  };
  const Trained expected = trained({8});
  for (const auto& ends : {std::vector<std::int64_t>{4, 8}, {5, 8}, {6, 8}}) {
    INFO("stretches up to step " << ends.front());
    CHECK(trained(ends) == expected);
  }
}

TEST_CASE("Where a delayed step is not finite the run ends with the last good step") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  Config config = small_run(at, 8);
  config.pipeline.delay = 1;
  config.optimizer = {.type = "sgd", .learning_rate = 1e20};
  const Ended ended = run_training(config, source, 2);
  CHECK(ended.code == ExitCode::kNotFinite);
  CHECK(contains(ended.error, "is not finite at step 3"));
  // The first two steps are at the starting weights; the third is at those of the first update.
  CHECK(steps_saved(config) == std::vector<std::int64_t>{2});
  config.train.on_nonfinite = OnNonfinite::kSkip;
  config.train.max_skipped_steps = 3;
  config.train.output = at.path("skips");
  CHECK(contains(run_training(config, source, 2).error, "that makes 3 skipped steps in a row"));
}

}  // namespace delayed_test
