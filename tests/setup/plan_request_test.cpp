#include "setup/plan_request.h"

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace plan_request_test {

namespace {

// Seven layers.
Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.train.batch_size = 12;
  return config;
}

PlanRequest requested(const Config& config, const PlanAsked& asked,
                      std::int64_t free_bytes = 1 << 20) {
  const Grid grid = Grid::filling(asked.ranks, config.parallel.data, config.parallel.tensor);
  return plan_request(asked, config, {.row = {4}, .vocabulary = 13, .classes = 13}, grid,
                      free_bytes);
}

}  // namespace

TEST_CASE("A plan begins with the configuration and its schedule") {
  Config config = gpt();
  config.parallel = {.data = 2, .tensor = 1, .shard = Shard::kOptimizer};
  config.pipeline.schedule = "interleaved";
  config.pipeline.recompute = Recompute::kFull;
  const PlanRequest made = requested(config, {.ranks = 4});
  CHECK(made.ranks == 4);
  CHECK(made.configured == Candidate{.data = 2,
                                     .tensor = 1,
                                     .pipeline = 2,
                                     .schedule = "interleaved",
                                     .virtual_stages = 2,
                                     .microbatches = 6,  // rows of a replica
                                     .recompute = Recompute::kFull,
                                     .shard = Shard::kOptimizer,
                                     .precision = DType::kFloat32});
  REQUIRE(made.configured_schedule);
  CHECK(made.configured_schedule->rank_count() == 2);
  config.pipeline.microbatches = 4;
  CHECK(requested(config, {.ranks = 4}).configured.microbatches == 4);
  config.parallel.data = 1;  // there is nothing to shard
  CHECK(requested(config, {.ranks = 2}).configured.shard == Shard::kNone);
}

TEST_CASE("A schedule that does not go with the ranks is left out, its sizes are not") {
  const auto left_out = [](const Config& config, int ranks) {
    const PlanRequest made = requested(config, {.ranks = ranks});
    CHECK(made.configured.pipeline == ranks);
    CHECK(made.configured.virtual_stages == 1);
    CHECK(made.configured.microbatches == (ranks > 2 ? 12 : 8));
    return !made.configured_schedule;
  };
  CHECK_FALSE(left_out(gpt(), 7));
  CHECK(left_out(gpt(), 8));  // more stages than layers
  Config rows = gpt();
  rows.pipeline.microbatches = 13;  // of 12 rows
  CHECK(left_out(rows, 2));
  Config stages = gpt();
  stages.pipeline.virtual_stages = 2;  // 1f1b has one
  CHECK(left_out(stages, 2));
  Config searched = gpt();
  searched.pipeline.schedule = "auto";
  searched.pipeline.live_microbatches = 3;
  const PlanRequest made = requested(searched, {.ranks = 2});
  CHECK(made.live_microbatches == 3);
  REQUIRE(made.configured_schedule);
  CHECK(made.configured_schedule->ranks.empty());
}

TEST_CASE("A rank may take what is asked for, or its share of what is free") {
  CHECK(requested(gpt(), {.ranks = 3}, 300).memory_bytes == 100);
  CHECK(requested(gpt(), {.ranks = 3, .memory = "2GiB"}, 300).memory_bytes == std::int64_t{2}
                                                                                  << 30);
}

TEST_CASE("Precisions that are asked for must run here") {
  CHECK(requested(gpt(), {.ranks = 2}).precisions.empty());
  CHECK(requested(gpt(), {.ranks = 2, .precisions = {"float32"}}).precisions ==
        std::vector{DType::kFloat32});
  const PlanAsked asked{.ranks = 3, .precisions = {"float32"}};
  Config config = gpt();
  config.parallel.data = 2;
  CHECK_THROWS_WITH(plan_request(asked, config, {.row = {4}, .vocabulary = 13, .classes = 13},
                                 Grid(4, 2, 1, 2), 1),
                    ContainsSubstring("--precisions float32: "));
}

TEST_CASE("What is wrong with the model is said before anything is measured") {
  Config config = gpt();
  config.model.heads = 3;
  CHECK_THROWS_AS(requested(config, {.ranks = 2}), Error);
}

TEST_CASE("The configuration with a plan in it trains as planned") {
  Config config = gpt();
  config.pipeline.partition = PartitionRule::kList;
  config.pipeline.live_microbatches = 5;
  const Candidate plan{.data = 2,
                       .tensor = 2,
                       .pipeline = 2,
                       .schedule = "interleaved",
                       .virtual_stages = 2,
                       .microbatches = 4,
                       .recompute = Recompute::kFull,
                       .shard = Shard::kOptimizer,
                       .precision = DType::kBFloat16};
  const Config planned = planned_config(config, plan);
  CHECK(planned.pipeline.schedule == "interleaved");
  CHECK(planned.pipeline.virtual_stages == 2);
  CHECK(planned.pipeline.microbatches == 4);
  CHECK(planned.pipeline.partition == PartitionRule::kAuto);
  CHECK(planned.pipeline.recompute == Recompute::kFull);
  CHECK(planned.pipeline.live_microbatches == 0);  // it is for auto alone
  CHECK(planned.parallel.data == 2);
  CHECK(planned.parallel.tensor == 2);
  CHECK(planned.parallel.shard == Shard::kOptimizer);
  CHECK(planned.train.precision == DType::kBFloat16);
  CHECK(planned.train.batch_size == 12);
  const Config in_parts = planned_config(
      config, {.recompute = Recompute::kSelective, .parts = {"layers.2.mlp.hidden"}});
  CHECK(in_parts.pipeline.recompute == Recompute::kList);
  CHECK(in_parts.pipeline.recompute_layers == std::vector<std::string>{"layers.2.mlp.hidden"});
  CHECK(planned_config(config, {.schedule = "auto"}).pipeline.live_microbatches == 5);
}

TEST_CASE("Slices that divide the sequences are weighed, or those that are asked for") {
  Config config = gpt();  // of 4 tokens
  CHECK(requested(config, {.ranks = 2}).slices == std::vector{2, 4});
  CHECK(requested(config, {.ranks = 2}).configured.slices == 1);
  CHECK(requested(config, {.ranks = 2, .slices = {3, 1}}).slices == std::vector{3});
  CHECK(requested(config, {.ranks = 2, .slices = {1}}).slices.empty());
  CHECK_THROWS_WITH(requested(config, {.ranks = 2, .slices = {5}}),
                    "--slices 5, but sequences of 4 tokens are shorter than that; leave it out");
  config.pipeline.slices = 3;
  const PlanRequest own = requested(config, {.ranks = 2});
  CHECK(own.slices == std::vector{2, 3, 4});
  CHECK(own.configured.slices == 3);
  CHECK(own.configured_schedule.value().slices == 3);
  CHECK(planned_config(config, own.configured).pipeline.slices == 3);
  CHECK(planned_config(config, {}).pipeline.slices == 1);
  config.parallel = {.data = 2, .tensor = 1, .shard = Shard::kParameters};  // a run refuses both
  CHECK_FALSE(requested(config, {.ranks = 4}).configured_schedule);
  config.parallel = {};
  config.pipeline.delay = 1;
  CHECK_THROWS_WITH(requested(config, {.ranks = 2}),
                    ContainsSubstring("pipeline.slices: 3, but pipeline.delay: 1 is for whole"));
  config.pipeline.slices = 1;
  CHECK(requested(config, {.ranks = 2}).slices.empty());
  config.pipeline.delay = 0;
  config.pipeline.post_validation = true;
  CHECK(requested(config, {.ranks = 2}).slices.empty());
}

TEST_CASE("A vocabulary over the pipeline is planned where a run would take it") {
  Config config = gpt();
  CHECK(requested(config, {.ranks = 2}).pieces);  // the head is tied
  config.model.tie_embeddings = false;
  CHECK(requested(config, {.ranks = 2}).pieces);
  CHECK_FALSE(requested(config, {.ranks = 2}).configured.cuts_vocabulary());
  config.pipeline.vocabulary = VocabularyPlace::kParallel;
  const PlanRequest own = requested(config, {.ranks = 2});
  CHECK(own.configured.cuts_vocabulary());
  CHECK(own.configured_schedule.value().cuts_vocabulary());
  CHECK(planned_config(config, {}).pipeline.vocabulary == VocabularyPlace::kWhole);
  CHECK(planned_config(config, own.configured).pipeline.vocabulary == VocabularyPlace::kParallel);
  config.pipeline.vocabulary = VocabularyPlace::kVocab1;
  const PlanRequest other = requested(config, {.ranks = 2});
  CHECK(other.configured_schedule.value().vocabulary == VocabularyPlace::kVocab1);
  CHECK(planned_config(config, other.configured).pipeline.vocabulary == VocabularyPlace::kVocab1);
  config.pipeline.vocabulary = VocabularyPlace::kWhole;
  config.pipeline.delay = 1;
  CHECK_FALSE(requested(config, {.ranks = 2}).pieces);
}

}  // namespace plan_request_test
