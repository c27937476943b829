#include "train/start_facts.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace start_facts_test {
using Json = nlohmann::ordered_json;

TEST_CASE("The facts of a start name program, ranks, layers and the memory foreseen") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  config.train.steps = 9;
  const ModelSetup model = set_up_model(config, {.data = data_shape_of(source),
                                                 .training_rows = source.training_rows(),
                                                 .evaluation_rows = source.validation_rows()});
  const World world{0, {{.host = "node7", .threads = 2, .cores = 4}}};
  const RunOrigin origin{.program = "pipetrain 9", .command = "pipetrain --config <x>"};
  Json facts;
  run_ranks(config, source, 1, [&](RankThread& rank) {
    facts = start_facts(config, world, model, rank.pipeline(), origin,
                        {.versions = {{"MPI", "Some MPI 4"}}, .bindings = {"rank 0: bound"}},
                        {rank_facts(rank.pipeline())});
  });
  CHECK(facts["command"] == "pipetrain --config <x>");
  CHECK(facts["versions"]["pipetrain"] == "pipetrain 9");
  CHECK(facts["versions"]["MPI"] == "Some MPI 4");
  CHECK(contains(facts["versions"]["instruction set"].get<std::string>(), "oneDNN"));
  CHECK(facts["bindings"][0] == "rank 0: bound");
  REQUIRE(facts["ranks"].size() == 1);
  CHECK(facts["ranks"][0]["host"] == "node7");
  CHECK(facts["ranks"][0]["stages"] == Json{0});
  CHECK(facts["model"]["layers"].size() == model.layers.size());
  REQUIRE(facts["memory"].size() == 1);
  CHECK(facts["memory"][0]["weights"] > 0);
  CHECK(facts["moments"] == 2);
  CHECK(facts["steps"] == 9);
}

TEST_CASE("Ranks of different instruction sets are named, as their last digits differ") {
  const std::string wide = R"({"instructions":"AVX-512"})", narrow = R"({"instructions":"AVX2"})";
  CHECK(different_instructions({wide, wide}).empty());
  CHECK(different_instructions({wide, narrow, wide})
            .starts_with("ranks compute with different instruction sets: AVX-512 on rank 0, 2; "
                         "AVX2 on rank 1; last digits depend on"));
}

}  // namespace start_facts_test
