#include "train/summary.h"

#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace summary_test {

namespace {

Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  return config;
}

// What rank 0 says of its pipeline, after a step, and every rank of itself.
struct Said {
  std::vector<std::string> layout;
  std::vector<RankSummary> ranks;
};

Said said(const Config& config, int ranks) {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  Said made{.ranks = std::vector<RankSummary>(static_cast<std::size_t>(ranks))};
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    rank.train(0, 1);
    const auto r = static_cast<std::size_t>(rank.rank());
    made.ranks[r] = summarize_rank(rank.pipeline(), rank.pool(), 1.5, 2);
    if (r == 0) made.layout = describe_layout(rank.pipeline(), "1f1b");
  });
  return made;
}

bool has(const std::vector<std::string>& lines, const std::string& text) {
  for (const std::string& line : lines) {
    if (contains(line, text)) return true;
  }
  return false;
}

RunSummary run() {
  return {.steps = 20,
          .seconds = 65,
          .rate = 1234.4,
          .rate_unit = "tokens",
          .coordinator_share = 0.0125,
          .bubble = 0.25,
          .predicted_bubble = 0.2,
          .microbatches = 6,
          .stages = 4,
          .output = "/runs/x",
          .ranks = {{.stages = "0",
                     .layers = "0 to 4",
                     .busy_seconds = 3,
                     .run_seconds = 4,
                     .live_microbatches = 2,
                     .foreseen_bytes = 1.5e9,
                     .tensor_bytes = 2e6,
                     .resident_bytes = 3e6}},
          .placement = {"rank 0 is on node7"}};
}

}  // namespace

TEST_CASE("How a model is cut is told stage by stage, with what is shared out") {
  Config config = gpt();
  config.parallel.data = 2;
  const std::vector<std::string> lines = said(config, 4).layout;
  CHECK(has(lines, "model: 7 layers, "));
  CHECK(has(lines, "pipeline: 1f1b, 2 stages (layers "));
  CHECK(has(lines, " | "));
  CHECK(has(lines, "2 microbatches a step"));
  CHECK(has(lines, "data parallel: 2 replicas of 4 rows a step, gradients summed"));
  CHECK(!has(lines, "recompute"));
  CHECK(!has(said(gpt(), 1).layout, "data parallel"));
}

TEST_CASE("A rank tells its stages and layers, and comes back from its text") {
  const std::vector<RankSummary> ranks = said(gpt(), 2).ranks;
  CHECK(ranks[0].stages == "0");
  CHECK(ranks[1].stages == "1");
  CHECK(ranks[0].layers.starts_with("0"));
  CHECK(ranks[1].layers.ends_with("6"));
  CHECK(ranks[0].live_microbatches == 2);
  CHECK(ranks[0].tensor_bytes > 0);
  CHECK(ranks[0].foreseen_bytes > 0);
  const RankSummary again = rank_summary_of(to_text(ranks[1]));
  CHECK(again.stages == "1");
  CHECK(again.layers == ranks[1].layers);
  CHECK(again.busy_seconds == 1.5);
  CHECK(again.run_seconds == 2);
  CHECK(again.resident_bytes == ranks[1].resident_bytes);
}

TEST_CASE("The summary has the figures of the run and a line for each rank") {
  const std::string text = summary_text(run());
  CHECK(contains(text, "\n20 steps in 1:05, 1234 tokens/s\n",
                 "bubble           25.0% measured, 20.0% predicted",
                 "efficiency       75.0% of the ranks' time is spent in layers; the textbook's\n",
                 "M microbatches and S stages is 66.7%\n",
                 "data             1.25% of the steps' time",
                 "rank  stage  layers        busy bubble  live foreseen  tensors resident\n",
                 "   0  0      0-4          75.0%  25.0%     2  1.50 GB   2.0 MB   3.0 MB\n",
                 "rank 0 is on node7\n", "run directory: /runs/x\n"));
  CHECK(!contains(text, "validation loss"));
  RunSummary sliced = run();
  sliced.slices = 2;
  CHECK(contains(summary_text(sliced), "M slices and S stages is 80.0%\n"));
  CHECK(!contains(text, "replica"));
}

TEST_CASE("The summary tells what was evaluated, and replicas where there are any") {
  RunSummary evaluated = run();
  evaluated.first_validation_loss = 2.5;
  evaluated.last_validation_loss = 1.25;
  evaluated.first_accuracy = 0.125;
  evaluated.last_accuracy = 0.5;
  evaluated.replicas = 2;
  CHECK(contains(summary_text(evaluated), "validation loss  2.5000 at first, 1.2500 at last\n",
                 "accuracy         12.50% at first, 50.00% at last\n", "rank  replica"));
}

TEST_CASE("The summary fits 80 columns, with replicas and ranks of many stages, too") {
  RunSummary wide = run();
  wide.replicas = 4;
  wide.ranks.front().stages = "0, 7, 8, 15";
  wide.ranks.front().layers = "0 to 4, 35 to 39, 40 to 44, 75 to 79";
  wide.ranks.front().foreseen_bytes = 123e9;
  const std::string text = summary_text(wide);
  CHECK(contains(text, "live: most microbatches kept at once"));
  CHECK(contains(text, " 0, 7,  0-4, 35-39,  75.0%", " 8, 15  40-44,\n", " 75-79\n"));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    CHECK(line.size() <= 80);
  }
}

TEST_CASE("The summary shows the curve that it is given") {
  RunSummary with_curve = run();
  CHECK(!contains(summary_text(with_curve), "loss (*)"));
  with_curve.curve = "loss (*)\n";
  CHECK(contains(summary_text(with_curve), "\nloss (*)\n\nrank 0 is on"));
}

}  // namespace summary_test
