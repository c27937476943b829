#include "train/training_report.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "catch.h"
#include "shown.h"
#include "training_run.h"

using namespace pipetrain;

namespace training_report_test {

namespace {

// A report of rank 0, alone; what it shows.
std::string report(const Config& config,
                   const std::function<void(TrainingReport&, RankThread&)>& body) {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const Shown shown;
  run_ranks(config, source, 1, [&](RankThread& rank) {
    RunDirectory directory(config);
    TrainingReport made(config.train, rank.pipeline(), &directory, /*progress=*/false);
    body(made, rank);
  });
  return shown.text();
}

// Of a step that took this long, half of it busy.
StepResult result(double loss, double seconds) {
  return {.loss = loss,
          .gradient_norm = 3,
          .step_seconds = seconds,
          .busy_seconds = {seconds / 2},
          .run_seconds = {seconds},
          .stage_seconds = {{1, 1, 1}},
          .peak_bytes = {1000}};
}

}  // namespace

TEST_CASE("A line has the last step's loss and the means since the line before") {
  const TemporaryFolder at;
  const Config config = small_run(at, 10);
  const std::string shown = report(config, [](TrainingReport& made, RankThread&) {
    made.begin(100, 1000);
    made.add_step(result(9, 1), 8);
    made.write_line(1, result(9, 1), 0.5, false);
    made.add_step(result(2.5, 2), 8);
    made.add_step(result(1.5, 4), 8);
    made.write_line(3, result(1.5, 4), 0.25, false);
  });
  const auto lines = metrics_of(config);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1]["step"] == 3);
  CHECK(lines[1]["loss"] == 1.5);
  CHECK(lines[1]["learning_rate"] == 0.25);
  CHECK(lines[1]["grad_norm"] == 3);
  CHECK(lines[1]["step_seconds"] == 3);
  CHECK(lines[1]["tokens_per_second"].get<double>() == Approx(2 * 8 * 4 / 6.0));
  CHECK(lines[1]["bubble_fraction"] == 0.5);
  CHECK(lines[1]["bubble_predicted"] == 0);
  CHECK(lines[1]["peak_bytes"] == nlohmann::json{1000});
  CHECK(lines[1]["tokens"] == 1000 + 3 * 8 * 4);
  CHECK(lines[1]["elapsed_seconds"].get<double>() >= 100);
  CHECK(!lines[1].contains("val_loss"));
  CHECK(contains(shown, "step      3  loss 1.5000  11 tokens/s"));
}

TEST_CASE("An evaluation's figures stand in its step's line, or in the one of step 0") {
  const TemporaryFolder at;
  const Config config = small_run(at, 10);
  report(config, [](TrainingReport& made, RankThread&) {
    made.begin(0, 0);
    made.add_evaluation({.loss = 2.5});
    made.write_first_line();
    made.add_step(result(2, 1), 8);
    made.add_evaluation({.loss = 1.25});
    made.write_line(1, result(2, 1), 0.5, true);
    made.sync_metrics();
  });
  const auto lines = metrics_of(config);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["step"] == 0);
  CHECK(lines[0]["val_loss"] == 2.5);
  CHECK(!lines[0].contains("val_accuracy"));
  CHECK(lines[1]["val_loss"] == 1.25);
}

TEST_CASE("A line that the disk does not take ends the run, or is said once") {
  const TemporaryFolder at;
  Config config = small_run(at, 10);
  std::filesystem::create_directory(config.train.output);
  std::filesystem::create_symlink("/dev/full", config.train.output + "/metrics.jsonl");
  const auto write_two = [](TrainingReport& made, RankThread&) {
    made.begin(0, 0);
    for (const std::int64_t step : {1, 2}) {
      made.add_step(result(2, 1), 8);
      made.write_line(step, result(2, 1), 0.5, false);
    }
  };
  CHECK_THROWS_AS(report(config, write_two), Error);
  config.train.on_write_error = OnWriteError::kContinue;
  const std::string shown = report(config, write_two);
  const std::size_t said = shown.find("training goes on");
  REQUIRE(said != std::string::npos);
  CHECK(shown.find("training goes on", said + 1) == std::string::npos);
}

TEST_CASE("The summary has the means over the run, and the first and last evaluation") {
  const TemporaryFolder at;
  const Config config = small_run(at, 2);
  const std::string shown = report(config, [](TrainingReport& made, RankThread& rank) {
    made.begin(0, 0);
    made.add_evaluation({.loss = 2.5});
    made.add_step(result(2, 1), 8);
    made.add_step(result(2, 3), 8);
    made.add_evaluation({.loss = 1.25});
    const RunSummary run = made.summarize(
        rank.pipeline(), rank.pool(), rank.collective(),
        {.placement = {"rank 0 is here"}, .training_seconds = 61, .feeding_seconds = 0.4});
    made.show(run, true);
  });
  CHECK(contains(shown, "2 steps in 1:01, 16 tokens/s", "2.5000 at first, 1.2500 at last",
                 "bubble           50.0% measured, 0.0% predicted",
                 "data             10.00% of the steps' time", "rank 0 is here\n"));
}

}  // namespace training_report_test
