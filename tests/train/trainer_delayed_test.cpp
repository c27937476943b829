// Whole runs whose steps overlap (pipeline.delay 1): where a stretch of such steps ends changes no
// bit, and all that ranks did in it is in their figures.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "catch.h"
#include "checkpoint/checkpoint_list.h"
#include "training_run.h"

using namespace pipetrain;

namespace trainer_delayed_test {

namespace {

constexpr int kSteps = 8;

Config delayed(const TemporaryFolder& at, int steps = kSteps) {
  Config config = images_run(at, steps, /*skips=*/true);
  config.pipeline.delay = 1;
  config.pipeline.partition = PartitionRule::kUniform;
  config.train.keep_checkpoints = 20;
  return config;
}

// The last checkpoint's tensors.
Weights trained(const Config& config, const Source& source, int ranks,
                const std::string& resume_from = {}) {
  const Ended ended = run_training(config, source, ranks, {.resume_from = resume_from});
  CHECK(ended.error == "");
  return tensors_in(checkpoint_of(config, config.train.steps));
}

nlohmann::json rank_summaries(const Config& config) {
  std::ifstream file(config.train.output + "/run.json");
  return nlohmann::json::parse(file).at("figures").at("ranks");
}

}  // namespace

TEST_CASE("Two delayed steps in a row that are skipped leave the same bits wherever looks fall") {
  const Ruined source(3, 4);
  const TemporaryFolder at;
  const Weights expected = trained(delayed(at), source, 1);
  const TemporaryFolder good;
  CHECK(trained(delayed(good), Ruined(90, 90), 1) != expected);
  for (const auto& [checkpoint_every, eval_every] :
       {std::pair(0, 0), std::pair(1, 0), std::pair(2, 2), std::pair(3, 0), std::pair(5, 0),
        std::pair(4, 4)}) {
    INFO("checkpoints every " << checkpoint_every << ", evaluations every " << eval_every);
    const TemporaryFolder other;
    Config config = delayed(other);
    config.train.checkpoint_every = checkpoint_every;
    config.train.eval_every = eval_every;
    CHECK(trained(config, source, 2) == expected);
  }
}

TEST_CASE("A delayed run that is resumed beside skipped steps ends with the bits of a whole one") {
  const Ruined source(3, 4);
  const TemporaryFolder at;
  const Weights expected = trained(delayed(at), source, 1);
  // Before the steps, between them, behind them; behind one and two that were not skipped.
  for (const int done : {3, 4, 5, 6, 7}) {
    for (const auto& [ranks, then] : {std::pair(2, 2), std::pair(2, 1), std::pair(1, 2)}) {
      INFO(done << " steps on " << ranks << " ranks, the others on " << then);
      const TemporaryFolder other;
      Config config = delayed(other, done);
      trained(config, source, ranks);
      config.train.steps = kSteps;
      const std::string from = checkpoint_folder(config.train.output + "/checkpoints", done);
      CHECK(trained(config, source, then, from) == expected);
    }
  }
}

// A stretch that is interrupted, and the end of each, are part of the run.
TEST_CASE("Of overlapped steps the table of times has what the ranks were busy with") {
  const TemporaryFolder at;
  Config config = delayed(at, 2 * kSteps);
  config.pipeline.microbatches = 4;
  config.train.checkpoint_every = 6;
  trained(config, Ruined(9, 9), 2);
  for (const nlohmann::json& rank : rank_summaries(config)) {
    double computed = 0;
    for (const char* use : {"forward", "backward input", "backward weight"}) {
      computed += rank.at("times").value(use, 0.0);
    }
    CHECK(computed == Approx(rank.at("busy_seconds").get<double>()).epsilon(1e-6));
  }
}

TEST_CASE("The first step of a delayed run is told apart, as the last part of its start") {
  const TemporaryFolder at;
  spdlog::set_level(spdlog::level::debug);
  const Ended ended = run_training(delayed(at), Ruined(90, 90), 2);
  spdlog::set_level(spdlog::level::info);
  const std::size_t start = ended.shown.find("first step"),
                    second = ended.shown.find("step      2");
  REQUIRE(second != std::string::npos);
  CHECK(start < second);
}

}  // namespace trainer_delayed_test
