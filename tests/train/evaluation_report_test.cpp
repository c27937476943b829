#include "train/evaluation_report.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace evaluation_report_test {
using Json = nlohmann::ordered_json;

namespace {

using Prepare = std::function<void(RankThread&)>;

std::vector<Json> reports(const Config& config, const FixedSource& source, int ranks,
                          const Prepare& prepare = {}) {
  std::vector<Json> made(static_cast<std::size_t>(ranks));
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    if (prepare) prepare(rank);
    const bool first = rank.rank() == 0;
    Evaluator evaluator(config.train, rank.pipeline(), rank.collective(), first ? &source : nullptr,
                        first ? &rank.coordinator() : nullptr);
    made[static_cast<std::size_t>(rank.rank())] =
        run_evaluation(evaluator, rank.pipeline(), rank.pool(), rank.collective());
  });
  return made;
}

Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  return config;
}

}  // namespace

TEST_CASE("Of a language model loss, perplexity and tokens are reported, complete on every rank") {
  for (const Json& report : reports(gpt(), FixedSource::counting(9, 4, 13), 2)) {
    CHECK(report["perplexity"].get<double>() == Approx(std::exp(report["loss"].get<double>())));
    CHECK(!report.contains("accuracy"));
    CHECK(report["rows"] == 9);
    CHECK(report["targets"] == 36);
    CHECK(report["tokens_per_second"].get<double>() ==
          Approx(36 / report["seconds"].get<double>()));
    REQUIRE(report["peak_bytes"].size() == 2);
    CHECK(report["peak_bytes"][1].get<std::int64_t>() > 0);
  }
}

TEST_CASE("Of a classifier accuracy and samples are reported") {
  Config config = gpt();
  config.model = {.preset = "resnet", .depth = 18, .width = 8};
  const Json report = reports(config, FixedSource::images(6, {8, 8, 3}, 5), 1).front();
  const double right = 6 * report["accuracy"].get<double>();
  CHECK(right == Approx(std::round(right)));
  CHECK(!report.contains("perplexity"));
  CHECK(report["targets"] == 6);
  CHECK(report.contains("samples_per_second"));
}

TEST_CASE("A loss that is not finite is an error") {
  try {
    reports(gpt(), FixedSource::counting(8, 4, 13), 1, [](RankThread& rank) {
      rank.pipeline().state.parameters().stages()[0].values.f32()[0] = NAN;
    });
    FAIL("reported");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kNotFinite);
  }
}

TEST_CASE("The text has a line for each figure, of tokens or of samples") {
  Json report = {{"checkpoint", "/x"},       {"step", 5},       {"loss", 1.5},
                 {"perplexity", 4.48},       {"targets", 1000}, {"seconds", 0.5},
                 {"tokens_per_second", 2000}};
  CHECK(evaluation_text(report) ==
        "/x, step 5\nloss        1.5\nperplexity  4.48\nof 1000 tokens in 0.50 s, 2000 tokens/s\n");
  report.erase("perplexity");
  report["accuracy"] = 0.256;
  report["samples_per_second"] = 2000;
  CHECK(evaluation_text(report) ==
        "/x, step 5\nloss        1.5\naccuracy    25.60%\nof 1000 samples in 0.50 s, 2000 "
        "samples/s\n");
}

}  // namespace evaluation_report_test
