#include "setup/model/model_setup.h"

#include <string>

#include "base/error.h"
#include "catch.h"
#include "setup/seven_layers.h"

using namespace pipetrain;

namespace model_setup_test {

TEST_CASE("Where their number is open there are four microbatches a stage, or one a row") {
  Config config = seven_layers();
  CHECK(set_up_on(config, 1).microbatches == 4);
  CHECK(set_up_on(config, 3).microbatches == 8);
  config.parallel.data = 2;
  CHECK(set_up_on(config, 3).microbatches == 4);
  config.pipeline.microbatches = 3;
  const ModelSetup model = set_up_on(config, 3);
  CHECK(model.microbatches == 3);
  CHECK(microbatch_rows(config, model) == 2);  // of 4
}

TEST_CASE("What no rank could run is refused before any talks to another") {
  CHECK_THROWS_AS(set_up_on(seven_layers(), 8), Error);  // more stages than layers
  Config config = seven_layers();
  config.pipeline.live_microbatches = 2;
  CHECK_THROWS_WITH(set_up_on(config, 2), ContainsSubstring("schedule auto"));
}

TEST_CASE("A delay asks for a microbatch on every rank, of runs that train") {
  Config config = seven_layers();
  config.pipeline.delay = 1;
  config.pipeline.microbatches = 2;
  CHECK_THROWS_WITH(set_up_on(config, 3), ContainsSubstring("no meaning for 2 microbatches"));
  const SetupInputs evaluation{.data = kFourTokens, .stage_ranks = 3, .trains = false};
  CHECK(set_up_model(config, evaluation).other_layers.empty());
  CHECK(!set_up_on(config, 2).other_layers.empty());
}

TEST_CASE("Slices of sequences are refused where they have no meaning") {
  const auto refusal = [](const auto& change) -> std::string {
    Config config = seven_layers();
    config.pipeline.slices = 2;
    change(config);
    try {
      const ModelSetup model = set_up_on(config, 2);  // CHECK would take what it throws
      CHECK(model.slices.count() == 2);
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kConfiguration);
      return error.what();
    }
    return "";
  };
  CHECK(refusal([](Config&) {}).empty());
  CHECK(contains(refusal([](Config& c) { c.model.preset = "classifier"; }), "pipeline.slices: 2",
                 "not causal"));
  CHECK(contains(refusal([](Config& c) { c.pipeline.slices = 5; }), "4 tokens"));
  CHECK(contains(refusal([](Config& c) { c.pipeline.schedule = "zbv"; }), "zbv", "2 slices"));
  CHECK(contains(refusal([](Config& c) { c.pipeline.schedule = "auto"; }), "auto", "2 slices"));
  CHECK(
      contains(refusal([](Config& c) { c.pipeline.schedule = "chimera"; }), "chimera", "2 slices"));
  CHECK(
      contains(refusal([](Config& c) { c.pipeline.vocabulary = VocabularyPlace::kParallel; }),
               "1f1b: slices of sequences and a vocabulary over the pipeline do not go together"));
  CHECK(contains(refusal([](Config& c) { c.pipeline.delay = 1; }), "pipeline.delay"));
  CHECK(contains(refusal([](Config& c) { c.pipeline.post_validation = true; }),
                 "pipeline.post_validation"));
  CHECK(contains(refusal([](Config& c) { c.parallel.shard = Shard::kParameters; }),
                 "parallel.shard"));
  CHECK(contains(refusal([](Config& c) { c.pipeline.recompute = Recompute::kSelective; }),
                 "pipeline.recompute", "attention.qkv"));
  CHECK(contains(refusal([](Config& c) { c.pipeline.recompute = Recompute::kFull; }),
                 "pipeline.recompute", "attention"));
}

TEST_CASE("Where the vocabulary is over the pipeline the table and the head are cut") {
  Config config = seven_layers();
  config.pipeline.vocabulary = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  for (const bool tied : {false, true}) {
    CAPTURE(tied);
    config.model.tie_embeddings = tied;
    const ModelSetup model = set_up_on(config, 2);
    CHECK(model.cuts_embedding());
    CHECK(model.piece_count() == 2);
    REQUIRE(static_cast<int>(model.piece_layers.size()) == model.cut_layers() + 2);
    const Parameter& table = model.piece_layers[model.piece_layers.size() - 2]->parameters()[0];
    const Parameter& head = model.piece_layers.back()->parameters()[0];
    CHECK(table.slicing.parts == 2);
    CHECK(head.slicing.parts == 2);
    CHECK((head.name == table.name) == tied);
    CHECK(model.piece_layers.front()->parameters().size() == 1);  // positions
  }
}

}  // namespace model_setup_test
