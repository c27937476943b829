#include "setup/model_description.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "setup/layout.h"

using namespace pipetrain;

namespace model_description_test {
using Json = nlohmann::ordered_json;

namespace {

// Seven layers, on two ranks.
Json description(bool tied, int virtual_stages = 1) {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.model.tie_embeddings = tied;
  config.pipeline.schedule = virtual_stages > 1 ? "interleaved" : "1f1b";
  config.pipeline.virtual_stages = virtual_stages;
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  const ModelSetup model = set_up_model(
      config, {.data = {.row = {4}, .vocabulary = 13, .classes = 13}, .stage_ranks = 2});
  const Layout layout{
      .schedule = model.schedule,
      .partition = uniform_partition(static_cast<int>(model.layers.size()), model.stage_count())};
  return describe_model(config, model, layout);
}

}  // namespace

TEST_CASE("Each layer has its rows, parameters and FLOP, its stage and its rank") {
  const Json made = description(false);
  REQUIRE(made["layers"].size() == 7);
  CHECK(made["layers"][0]["name"] == "layers.0.embedding");
  CHECK(made["layers"][0]["input_row"] == Json{4});
  CHECK(made["layers"][0]["output_row"] == Json{4, 8});
  CHECK(made["layers"][0]["parameters"] == 13 * 8 + 4 * 8);
  CHECK(made["layers"][0]["stage"] == 0);
  CHECK(made["layers"][6]["stage"] == 1);
  CHECK(made["layers"][6]["rank"] == 1);
  CHECK(made["layers"][6]["forward_flop"] == 2.0 * 4 * 8 * 13);
  CHECK(made["model"] == "gpt");
  CHECK(made["batch_size"] == 8);
  CHECK(made["microbatches"] == 2);
}

TEST_CASE("Stages and totals are sums over their layers") {
  const Json made = description(false);
  REQUIRE(made["stages"].size() == 2);
  std::int64_t layers = 0, parameters = 0;
  double flop = 0;
  for (const Json& stage : made["stages"]) {
    CHECK(stage["first_layer"] == layers);
    layers += stage["layers"].get<std::int64_t>();
    parameters += stage["parameters"].get<std::int64_t>();
    flop += stage["forward_flop"].get<double>();
  }
  CHECK(layers == 7);
  CHECK(made["parameters"] == parameters);
  CHECK(made["forward_flop_per_row"] == Approx(flop));
  CHECK(made["training_flop_per_row"].get<double>() > 2 * flop);
}

TEST_CASE("Virtual stages go round the ranks") {
  const Json made = description(false, 2);
  REQUIRE(made["stages"].size() == 4);
  CHECK(made["stages"][2]["rank"] == 0);
  CHECK(made["stages"][3]["rank"] == 1);
  CHECK(made["layers"][6]["stage"] == 3);
}

TEST_CASE("A tied parameter counts where it is used first") {
  const Json made = description(true);
  CHECK(made["layers"][6]["tied_to"] == "layers.0.embedding.token.weight");
  CHECK(made["layers"][6]["parameters"] == 0);
  CHECK(contains(model_text(made),
                 "\ntied: layers.6.linear uses layers.0.embedding.token.weight, "
                 "counted there\n"));
  CHECK(!description(false)["layers"][6].contains("tied_to"));
}

TEST_CASE("The text has a line for each layer and stage below what they add up to") {
  const Json made = description(false);
  const std::string text = model_text(made);
  CHECK(text.starts_with("gpt: 7 layers, " + made["parameters"].dump() + " parameters\n"));
  CHECK(contains(text, "2 ranks, 2 stages, schedule 1f1b, 8 rows a step in 2 microbatches\n",
                 "layer ", "layers.0.embedding ", "(4, 8) ", "share\n"));
}

}  // namespace model_description_test
