#include "train/bench.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace bench_test {
using Json = nlohmann::ordered_json;

namespace {

std::vector<Json> bench(const Config& config, const FixedSource& source, int ranks, int steps,
                        bool roofline = false) {
  std::vector<Json> reports(static_cast<std::size_t>(ranks));
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    const int all = rank.collective().size();
    const World world{rank.rank(), std::vector<RankPlace>(static_cast<std::size_t>(all),
                                                          {.host = "here", .cores = all})};
    reports[static_cast<std::size_t>(rank.rank())] =
        run_bench(config, world, rank.rank() == 0 ? &source : nullptr, rank.pipeline(),
                  rank.links(), rank.pool(), {.steps = steps, .seconds = 0, .roofline = roofline});
  });
  return reports;
}

}  // namespace

TEST_CASE("Steps are timed against the best product, and every rank has the whole report") {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  const auto reports = bench(config, FixedSource::counting(8, 4, 13), 2, 3);
  CHECK(reports[0].at("peak_gflops") == reports[1].at("peak_gflops"));
  for (const Json& report : reports) {
    CHECK(report.at("grid") == Json{{"data", 1}, {"tensor", 1}, {"pipeline", 2}});
    CHECK(report.at("steps") == 3);
    CHECK(report.at("microbatches") == 2);
    const double seconds = report.at("step_seconds");
    CHECK(seconds > 0);
    CHECK(report.at("tokens_per_second").get<double>() == Approx(8 * 4 / seconds));
    const double peak = report.at("peak_gflops").at("float32");
    CHECK(report.at("efficiency").get<double>() ==
          Approx(report.at("model_flop_per_step").get<double>() / (seconds * peak * 1e9)));
    CHECK(report.at("efficiency_of") == "float32");
    for (const char* key : {"resident_bytes", "tensor_bytes", "tensor_bytes_foreseen",
                            "resident_bytes_step_3", "tensor_bytes_step_3"}) {
      CAPTURE(key);
      CHECK(report.at(key).size() == 2);
    }
    CHECK(report.at("tensor_bytes") == report.at("tensor_bytes_step_3"));  // nothing more is taken
    CHECK(!report.contains("convolution_gflops"));
    CHECK(!report.contains("roofline"));
    CHECK(contains(bench_text(report), "grid                 data 1 x tensor 1 x pipeline 2\n",
                   "tokens/s", "median of 3 (1f1b, M=2)\n"));
  }
}

TEST_CASE("A roofline that is asked for is held against the best rates of one rank") {
  Config config;
  config.model = {.preset = "gpt", .depth = 1, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.pipeline.delay = 1;  // steps that overlap, on two versions of the weights
  config.train.batch_size = 8;
  const Json report = bench(config, FixedSource::counting(8, 4, 13), 2, 2, true)[0];
  CHECK(report.at("steps") == 2);
  CHECK(report.at("tensor_bytes") == report.at("tensor_bytes_step_3"));
  const Json& roofline = report.at("roofline");
  CHECK(roofline.at("ranks") == 2);
  CHECK(roofline.at("roofs").at("float32_gflops").get<double>() ==
        Approx(report.at("peak_gflops").at("float32").get<double>() / 2));
  CHECK(roofline.at("roofs").at("memory_gbytes_per_second").get<double>() > 0.01);
  CHECK(contains(bench_text(report), "resident memory ", "\nlayer ", "all        products "));
}

TEST_CASE("The text tells samples from tokens, and what convolutions reach where there are any") {
  const Json rates = {{"best", 100.0}, {"all", 80.0}};
  const std::vector<int> bytes = {1'000'000, 2'500'000};
  const Json report = {{"world", "2 ranks"},
                       {"grid", {{"data", 2}, {"tensor", 1}, {"pipeline", 1}}},
                       {"schedule", "gpipe"},
                       {"microbatches", 4},
                       {"peak_gflops", {{"float32", 200.0}, {"bfloat16", nullptr}}},
                       {"steps", 5},
                       {"step_seconds", 0.025},
                       {"samples_per_second", 320.0},
                       {"model_flop_per_step", 1e9},
                       {"precision", "float32"},
                       {"efficiency", 0.2},
                       {"efficiency_of", "float32"},
                       {"coordinator_share", 0.0125},
                       {"bubble_fraction", 0.25},
                       {"bubble_predicted", 0.2},
                       {"resident_bytes", bytes},
                       {"tensor_bytes", bytes},
                       {"tensor_bytes_foreseen", bytes},
                       {"resident_bytes_step_3", bytes},
                       {"tensor_bytes_step_3", bytes},
                       {"convolution_gflops", rates},
                       {"convolution_efficiency", 0.4}};
  CHECK(contains(
      bench_text(report), "200.0 GFLOP/s float32, no instructions used for bfloat16\n",
      "step                 25.00 ms, median of 5 (gpipe, M=4)\nsamples/s            320\n",
      "efficiency           20.0% of float32 products, in float32\n"
      "convolutions         40.0% of oneDNN's best of the model's own, 100.0 GFLOP/s",
      "data                 1.25% of the step",
      "MB per rank, foreseen: 1.0 2.5, after step 3: 1.0 2.5, at the end: 1.0 2.5\n"));
}

}  // namespace bench_test
