#include "train/roofline_meter.h"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.h"
#include "nn/layers/model.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace roofline_meter_test {
using Json = nlohmann::ordered_json;

namespace {

constexpr Roofs kRoofs{.float32_flops = 100e9, .bytes_per_second = 10e9};

// What ranks report of two steps, each with an Ops of its own; and the model's FLOP of a step.
struct Measured {
  std::vector<Json> reports;
  double model_flop = 0;
};
Measured measure(const Config& config, const FixedSource& source, int ranks) {
  Measured measured{.reports = std::vector<Json>(static_cast<std::size_t>(ranks))};
  run_ranks(config, source, ranks, [&](RankThread& rank) {
    const World world{rank.rank(),
                      std::vector<RankPlace>(static_cast<std::size_t>(ranks), {.host = "here"})};
    rank.train(0, 1);
    RooflineMeter meter(rank.pipeline(), world);
    for (std::int64_t step = 1; step < 3; ++step) {
      meter.begin_step();
      rank.train(step, step + 1);
      meter.end_step();
    }
    measured.reports[static_cast<std::size_t>(rank.rank())] =
        meter.report(kRoofs, rank.collective());
    if (rank.rank() == 0) {
      measured.model_flop = static_cast<double>(config.train.batch_size) *
                            training_flop_per_row(rank.pipeline().state.layers());
    }
    if (rank.pipeline().state.ops().work_log() != nullptr) throw std::logic_error("still logged");
  });
  return measured;
}

double flop_of(const Json& report, const char* kind, const std::set<std::string>& passes) {
  double sum = 0;
  for (const Json& row : report.at("rows")) {
    if (row.at("kind") == kind && passes.contains(row.at("pass")))
      sum += row.at("flop").get<double>();
  }
  return sum;
}

Config gpt(int microbatches) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = microbatches;
  config.train.batch_size = 8;
  return config;
}

}  // namespace

TEST_CASE("The products and attention of a step are those of the model, over all ranks") {
  constexpr double kTokens = 4;
  for (const int ranks : {1, 2}) {
    CAPTURE(ranks);
    const auto [reports, model_flop] =
        measure(gpt(2), FixedSource::counting(8, static_cast<int>(kTokens), 13), ranks);
    CHECK(reports.front().at("ranks") == ranks);
    CHECK(reports.front().at("rows") == reports.back().at("rows"));
    const double products = flop_of(reports[0], "products", {"F", "I", "W"});
    // Attention's forward counts the pairs of tokens with the diagonal, and its backward makes the
    // scores again: five products where the model counts four.
    const double forward = flop_of(reports[0], "attention", {"F"});
    CHECK(flop_of(reports[0], "attention", {"I"}) == Approx(2.5 * forward));
    CHECK(products + 3 * forward * kTokens / (kTokens + 1) == Approx(model_flop));
  }
}

TEST_CASE("Recomputed layers have rows of their own") {
  Config config = gpt(2);
  config.pipeline.recompute = Recompute::kFull;
  const auto [reports, model_flop] = measure(config, FixedSource::counting(8, 4, 13), 2);
  const double again = flop_of(reports[0], "products", {"R"});
  CHECK(again > 0);
  CHECK(again <= flop_of(reports[0], "products", {"F"}));
}

TEST_CASE("A step's rows have the norm, the update and the loss, too") {
  const auto [reports, model_flop] = measure(gpt(1), FixedSource::counting(8, 4, 13), 1);
  std::set<std::string> found;
  for (const Json& row : reports[0].at("rows")) {
    found.insert(row.at("layer").get<std::string>() + " " + row.at("operation").get<std::string>());
    CHECK(row.at("calls").get<double>() >= 1);
  }
  for (const char* name : {"optimizer adamw", "optimizer gradient norm", "loss cross entropy",
                           "embedding look-up", "mlp gelu", "attention layer norm"}) {
    CAPTURE(name);
    CHECK(found.contains(name));
  }
  CHECK(reports[0].contains("counters") != reports[0].contains("counters_missing"));
  CHECK(reports[0].contains("joules_per_step") != reports[0].contains("joules_missing"));
}

}  // namespace roofline_meter_test
