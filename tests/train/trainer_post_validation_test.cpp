// Updates that do not wait for the norm (pipeline.post_validation; Qi et al. 2024, section 4): the
// same bits as without, whatever is taken back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <regex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "catch.h"
#include "checkpoint/checkpoint_list.h"
#include "training_run.h"

using namespace pipetrain;

namespace trainer_post_validation_test {

namespace {

constexpr int kSteps = 16, kRows = 16;

// Three batches by turns, whose norms differ.
FixedSource tokens() {
  FixedSource source = FixedSource::counting(3 * kRows, 4, 13);
  source.pass_over_rows();
  return source;
}

// Images of which those of this step and later cannot be read.
struct Lost : FixedSource {
  explicit Lost(std::int64_t step) : FixedSource(images(8, {4, 4, 2}, 3)), lost(step) {}
  void read_training(std::int64_t pass, std::int64_t first_row, Tensor& inputs,
                     Tensor& targets) const override {
    if (pass >= lost) throw Error(ExitCode::kData, "data: x: is gone");
    FixedSource::read_training(pass, first_row, inputs, targets);
  }
  std::int64_t lost;
};

struct Way {
  const char* schedule = "1f1b";
  int ranks = 1;
  bool early = false;
  int replicas = 1;
  bool tied = false;
  Shard shard = Shard::kNone;
};

struct Came {
  std::vector<double> figures;  // losses, norms and validation losses of all steps
  Weights tensors;              // of all checkpoints
  std::vector<std::int64_t> saved;
  int early = 0, taken_back = 0;
  std::string error;

  bool same_as(const Came& other) const {
    return figures == other.figures && tensors == other.tensors && saved == other.saved &&
           error == other.error;
  }
};

Came came_of(const Config& config, const Source& source, int ranks, TrainerOptions options = {}) {
  const Ended ended = run_training(config, source, ranks, std::move(options));
  Came came{.error = ended.error};
  for (const nlohmann::json& line : metrics_of(config)) {
    for (const char* key : {"loss", "grad_norm", "val_loss"}) {
      came.figures.push_back(line.contains(key) && line[key].is_number() ? line[key].get<double>()
                                                                         : -1);
    }
  }
  came.saved = steps_saved(config);
  for (const std::int64_t step : came.saved) {
    for (auto& [name, values] : tensors_in(checkpoint_of(config, step))) {
      came.tensors[std::to_string(step) + "." + name] = values;
    }
  }
  std::smatch counts;
  if (std::regex_search(ended.shown, counts,
                        std::regex("post-validation: (\\d+) of (\\d+) updates"))) {
    came.taken_back = std::stoi(counts[1]);
    came.early = std::stoi(counts[2]);
  }
  return came;
}

Config gpt(const TemporaryFolder& at, const Way& way, double clip_norm) {
  Config config = small_run(at, kSteps);
  config.model.depth = 3;
  config.model.tie_embeddings = way.tied;
  config.pipeline.schedule = way.schedule;
  config.pipeline.microbatches = 8 / way.replicas;
  config.pipeline.partition = PartitionRule::kUniform;
  config.pipeline.post_validation = way.early;
  config.parallel = {.data = way.replicas, .shard = way.shard};
  config.optimizer.learning_rate = 0.05;
  config.optimizer.clip_norm = clip_norm;
  config.train.batch_size = kRows;
  config.train.log_every = 1;
  config.train.eval_every = 7;
  config.train.checkpoint_every = 9;
  config.train.keep_checkpoints = 20;
  return config;
}

Came trained(const Way& way, double clip_norm) {
  const TemporaryFolder at;
  const Came came = came_of(gpt(at, way, clip_norm), tokens(), way.ranks);
  CHECK(came.error == "");
  return came;
}

// Some steps are above it, some below.
double middle_norm_of(const Came& free) {
  std::vector<double> norms;
  for (std::size_t i = 1; i < free.figures.size(); i += 3) norms.push_back(free.figures[i]);
  std::ranges::nth_element(norms, norms.begin() + static_cast<std::ptrdiff_t>(norms.size() / 2));
  return norms[norms.size() / 2];
}
double middle_norm() { return middle_norm_of(trained({}, 0)); }

}  // namespace

TEST_CASE("Updates that are taken back where the norm clips leave the bits of those that wait") {
  const double clip = middle_norm();
  const Came expected = trained({}, clip);
  CHECK(!expected.same_as(trained({}, 0)));
  for (const Way& way : {Way{"1f1b", 2, true}, Way{"1f1b", 4, true}, Way{"zb-h1", 4, true},
                         Way{"zb-h2", 2, true}, Way{"zb-h2", 4, true}, Way{"zb-h2", 4},
                         Way{"gpipe", 2, true}, Way{"zbv", 2, true}, Way{"interleaved", 2, true}}) {
    INFO(way.schedule << " on " << way.ranks << " ranks");
    const Came came = trained(way, clip);
    CHECK(came.same_as(expected));
    if (!way.early) continue;
    CHECK(came.taken_back >= 2);
    CHECK(came.early >= came.taken_back + 2);
  }
  const Came none = trained({"1f1b", 1, true}, clip);
  CHECK(none.same_as(expected));
  CHECK(none.early == 0);
}

TEST_CASE("Where no norm clips nothing is taken back, and where all do no update goes ahead") {
  const Came never = trained({"zb-h2", 2, true}, 0);
  CHECK(never.taken_back == 0);
  CHECK(never.early == 11);  // of 16 steps but the first and those before a look at the weights
  const Came always = trained({"zb-h2", 2, true}, 1e-3);
  CHECK(always.same_as(trained({}, 1e-3)));
  CHECK(always.early == 0);  // as each step is behind one that was clipped
}

TEST_CASE("Replicas, shards of moments and tied weights take their early updates back, too") {
  const double clip = middle_norm();
  for (const auto& [tied, replicas, shard] :
       {std::tuple(true, 1, Shard::kNone), std::tuple(false, 2, Shard::kNone),
        std::tuple(true, 2, Shard::kOptimizer)}) {
    INFO((tied ? "tied, " : "") << replicas << " replicas");
    Way way{.ranks = replicas, .replicas = replicas, .tied = tied, .shard = shard};
    const Came expected = trained(way, clip);
    way.ranks *= 2;
    way.early = true;
    way.schedule = "zb-h2";
    const Came came = trained(way, clip);
    CHECK(came.same_as(expected));
    CHECK(came.taken_back >= 2);
    CHECK(came.early > came.taken_back);
  }
}

// The mean of three equal numbers need not be that number: of some of 64 it is not.
TEST_CASE("Running statistics are averaged over the replicas once, though an update runs twice") {
  const auto layer = [](const char* kind,
                        std::vector<std::pair<std::string, std::string>> options) {
    return LayerEntry{kind, "test", std::move(options), {}};
  };
  FixedSource source = FixedSource::images(54, {6, 6, 3}, 5);
  source.pass_over_rows();
  const auto run = [&](bool early, double clip) {
    const TemporaryFolder at;
    Config config = images_run(at, 12, false);
    config.model.layers = {layer("conv2d", {{"channels", "32"}, {"kernel", "3"}}),
                           layer("batch_norm", {{"relu", "true"}}), layer("global_mean_pool", {}),
                           layer("linear", {{"features", "classes"}})};
    config.pipeline.partition = PartitionRule::kUniform;
    config.pipeline.post_validation = early;
    config.parallel.data = 3;
    config.train.batch_size = 18;
    config.train.checkpoint_every = 3;  // the difference is the last bit, and soon forgotten
    config.train.keep_checkpoints = 20;
    config.optimizer.clip_norm = clip;
    const Came came = came_of(config, source, 6);
    CHECK(came.error == "");
    return came;
  };
  const double clip = middle_norm_of(run(false, 0));
  const Came early = run(true, clip);
  CHECK(early.taken_back >= 1);
  CHECK(early.same_as(run(false, clip)));
}

TEST_CASE("A step that is not finite is skipped as it is without post-validation") {
  const Ruined source(3, 4);
  const auto run = [&](const char* schedule, int ranks, bool early) {
    const TemporaryFolder at;
    Config config = images_run(at, 9, /*skips=*/true);
    config.pipeline.schedule = schedule;
    config.pipeline.microbatches = 4;
    config.pipeline.partition = PartitionRule::kUniform;
    config.pipeline.post_validation = early;
    config.optimizer.clip_norm = 0;
    return came_of(config, source, ranks);
  };
  const Came expected = run("1f1b", 1, false);
  CHECK(expected.error == "");
  for (const auto& [schedule, ranks] :
       {std::pair("1f1b", 2), std::pair("zb-h1", 2), std::pair("zb-h2", 4)}) {
    INFO(schedule << " on " << ranks << " ranks");
    const Came came = run(schedule, ranks, true);
    CHECK(came.same_as(expected));
    CHECK(came.taken_back >= 1);
  }
}

TEST_CASE("Where a step is not finite, or data end, the run ends with the last good step") {
  for (const bool lost : {false, true}) {
    const auto run = [&](bool early) {
      const TemporaryFolder at;
      Config config = images_run(at, 9, /*skips=*/false);
      config.pipeline.post_validation = early;
      config.pipeline.partition = PartitionRule::kUniform;
      config.optimizer.clip_norm = 0;
      const Ruined ruined(5, 5);
      const Lost ends(5);
      return came_of(config, lost ? static_cast<const Source&>(ends) : ruined, 2);
    };
    const Came expected = run(false), came = run(true);
    CHECK(expected.error != "");
    CHECK(expected.saved == std::vector<std::int64_t>{5});
    CHECK(came.error == expected.error);
    CHECK(came.saved == expected.saved);
    CHECK(came.tensors == expected.tensors);
  }
}

TEST_CASE("A run goes on with post-validation, or without it, from a checkpoint of either") {
  const double clip = middle_norm();
  const Came whole = trained({}, clip);
  for (const bool first : {false, true}) {
    const TemporaryFolder at;
    Config config = gpt(at, {"zb-h2", 2, first}, clip);
    config.train.steps = 9;
    CHECK(run_training(config, tokens(), 2).error == "");
    config.train.steps = kSteps;
    config.pipeline.post_validation = !first;
    const std::string from = checkpoint_folder(config.train.output + "/checkpoints", 9);
    CHECK(came_of(config, tokens(), 2, {.resume_from = from}).tensors == whole.tensors);
  }
}

}  // namespace trainer_post_validation_test
