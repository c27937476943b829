#include "setup/startup.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "checkpoint/checkpoint.h"
#include "data/temporary_folder.h"
#include "setup/on_ranks.h"
#include "setup/unset_threads.h"

using namespace pipetrain;

namespace startup_test {

namespace {

constexpr const char* kImages =
    "model: {layers: [{conv2d: {channels: 4, kernel: 3}}, global_mean_pool,\n"
    "                 {linear: {features: classes}}]}\n"
    "data: {format: synthetic, image: [6, 6, 3], classes: 4, samples: 20}\n"
    "train: {epochs: 3, batch_size: 8, output: run}\n";

// What one rank is told and where it is.
struct Told {
  RunOptions options;
  RankPlace place;
  TakeDirectory directory;
  std::function<void(double)> limit_waits = [](double) {};
};

// A run of these ranks, started.
std::vector<Startup> started(const std::vector<Told>& told) {
  std::vector<Startup> found(told.size());
  on_ranks(static_cast<int>(told.size()), [&](Collective& world) {
    const auto rank = static_cast<std::size_t>(world.rank());
    const RankAtStart at{.world = world,
                         .place = told[rank].place,
                         .crowded = "",
                         .limit_waits = told[rank].limit_waits};
    found[rank] = start_run(at, told[rank].options, told[rank].directory);
  });
  return found;
}

std::string reason(const std::vector<Told>& told) {
  try {
    started(told);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

class Run {
 public:
  explicit Run(const std::string& configuration = kImages)
      : options_{.config = folder_.write("model.yaml", configuration),
                 .overrides = {},
                 .resume = {},
                 .memory_limit = ""} {}

  // A rank that is told this configuration and some more.
  Told rank(std::vector<std::string> overrides = {}) const {
    Told told{.options = options_, .place = {.host = "a"}, .directory = {}};
    told.options.overrides = std::move(overrides);
    return told;
  }
  std::string path(const std::string& name) const { return folder_.path(name); }

 private:
  TemporaryFolder folder_;
  RunOptions options_;
};

// A checkpoint of the run with this configuration, as an earlier job would leave it.
void save(const Config& config, std::int64_t step) {
  const std::string checkpoints = config.train.output + "/checkpoints";
  const float value = 1;
  begin_checkpoint(checkpoints, step);
  const std::string list =
      write_rank_file(checkpoints, step, 0, 1, {{"a", StoredType::kFloat32, {1}, {}, {}, &value}});
  finish_checkpoint(checkpoints, {.step = step, .microbatches = 2}, {list}, "",
                    resolved_yaml(config));
}

}  // namespace

TEST_CASE("Every rank starts with the same model, steps and world, and rank 0 with the data") {
  const Run run;
  std::vector<Told> told = {run.rank(), run.rank()};
  told[1].place.host = "b";
  told[1].options.memory_limit = "2MiB";
  const std::vector<Startup> found = started(told);
  for (const Startup& made : found) {
    CHECK(made.config.train.steps == 6);  // 3 epochs: 4 of the 20 rows do not fill 8 microbatches
    CHECK(made.grid.pipeline() == 2);
    CHECK(made.model->stage_count() == 2);
    CHECK(made.model->training_rows == 20);
    CHECK(made.world.text() == "2 ranks on 2 hosts (a, b), 1 thread each");
    CHECK(made.resume.folder.empty());
    CHECK(made.warnings.empty());
  }
  CHECK(found[0].source);
  CHECK_FALSE(found[1].source);
  CHECK(found[0].model->memory_limit.reason == "its share of what a has free for 1 rank");
  CHECK(found[1].model->memory_limit.bytes == 2 << 20);
}

TEST_CASE("The tokenizer of documents is kept where nothing trains, and else its memory is free") {
  const Run run(
      "model: {preset: gpt, depth: 1, heads: 1, width: 8, context: 4}\n"
      "data: {format: documents, path: a.txt, tokenizer: byte, cache: cache}\n"
      "train: {steps: 1, batch_size: 2, output: run}\n");
  std::ofstream(run.path("a.txt")) << std::string(100, 'x');
  Told told = run.rank();
  CHECK(started({told})[0].source->take_tokenizer() == nullptr);
  told.options.trains = false;
  CHECK(started({told})[0].source->take_tokenizer() != nullptr);
}

TEST_CASE("Ranks wait without burning cores where there are more of them than cores") {
  const Run run;
  std::vector<Told> told = {run.rank(), run.rank()};
  CHECK_FALSE(started(told)[0].wait.oversubscribed);
  told[1].place.sharing = 2;  // of one core
  const std::vector<Startup> crowded = started(told);
  CHECK(crowded[0].wait.oversubscribed);
  CHECK(crowded[1].wait.oversubscribed);
  CHECK(crowded[0].wait.timeout_seconds == 600);
}

TEST_CASE("What ranks wait for at the start has the configuration's time limit") {
  const Run run;
  std::vector<Told> told(2, run.rank({"communication.timeout_seconds=17"}));
  std::vector<double> limits(2);
  for (std::size_t rank = 0; rank < 2; ++rank) {
    told[rank].limit_waits = [&limits, rank](double seconds) { limits[rank] = seconds; };
  }
  started(told);
  CHECK(limits == std::vector<double>{17, 17});
}

TEST_CASE("A run does not start where ranks were told otherwise, or do not go together") {
  const Run run;
  CHECK_THAT(reason({run.rank(), run.rank({"train.batch_size=4"})}),
             ContainsSubstring("rank 1 was started otherwise than rank 0, first in train."));
  CHECK_THAT(reason({run.rank({"parallel.data=2"}), run.rank({"parallel.data=2"}),
                     run.rank({"parallel.data=2"})}),
             ContainsSubstring("parallel.data"));
  const UnsetThreads unset;
  std::vector<Told> pair = {run.rank({"parallel.tensor=2"}), run.rank({"parallel.tensor=2"})};
  pair[1].place.cores = 2;
  CHECK_THAT(reason(pair), ContainsSubstring("share layers, but have 1 and 2 threads"));
}

TEST_CASE("A run does not start where the data have other targets than the model") {
  const Run run(
      "model: {layers: [{conv2d: {channels: 4, kernel: 3}}, {linear: {features: classes}}]}\n"
      "data: {format: synthetic, image: [6, 6, 3], classes: 4, samples: 20}\n"
      "train: {steps: 3, batch_size: 8, output: run}\n");
  CHECK_THAT(reason({run.rank(), run.rank()}), ContainsSubstring("one label a row"));
}

TEST_CASE("The run directory is taken once all is checked") {
  const Run run;
  std::vector<int> taken;  // with these steps
  const TakeDirectory take = [&](const Config& config) { taken.push_back(config.train.steps); };
  const auto with = [&](std::vector<std::string> overrides) {
    std::vector<Told> told(2, run.rank(std::move(overrides)));
    for (Told& rank : told) rank.directory = take;
    return told;
  };
  CHECK_THAT(reason(with({"pipeline.microbatches=21"})), ContainsSubstring("microbatches"));
  CHECK(taken.empty());
  started(with({}));
  CHECK(taken == std::vector{6});  // by rank 0 alone
}

TEST_CASE("The run directory is taken before a checkpoint is looked for, which decides the rest") {
  const Run run;
  std::vector<Told> told(2, run.rank({"optimizer.schedule.type=cosine"}));
  for (Told& rank : told) {
    rank.options.resume.asked = true;
    rank.directory = [](const Config& config) {  // an earlier job still writes
      Config before = config;
      before.train.steps = 6;
      before.train.epochs = 0;
      before.optimizer.schedule.decay_steps = 6;
      save(before, 4);
    };
  }
  const std::vector<Startup> found = started(told);
  for (const Startup& made : found) {
    CHECK(made.resume.position.step == 4);
    CHECK(made.model->microbatches == 2);
    CHECK(made.config.train.steps == 9);
    CHECK(made.config.optimizer.schedule.decay_steps == 6);
    CHECK_THAT(made.resume.curve, ContainsSubstring("keeps the checkpoint's curve"));
  }
}

}  // namespace startup_test
