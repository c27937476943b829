#include "setup/run_setup.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "comm/in_process.h"
#include "setup/pipeline_threads.h"

using namespace pipetrain;

namespace run_setup_test {

namespace {

Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  config.train.steps = 5;
  return config;
}

ModelSetup set_up(const Config& config, std::int64_t training_rows) {
  return set_up_model(config, {.data = {.row = {4}, .vocabulary = 13, .classes = 13},
                               .training_rows = training_rows});
}

World on(const std::vector<std::string>& hosts, int rank = 0) {
  World world{rank, {}};
  for (const std::string& host : hosts) world.places.push_back({.host = host});
  return world;
}

}  // namespace

TEST_CASE("The pipeline takes the ranks that replicas and tensor parallelism leave") {
  Config config = gpt();
  config.parallel = {.data = 2, .tensor = 2};
  CHECK(check_scope(config, 12).pipeline() == 3);
  CHECK_THROWS_AS(check_scope(config, 6), Error);
}

TEST_CASE("Rows are as long as the model's context, unless the configuration says so") {
  Config config = gpt();
  settle_sequence_length(config);
  CHECK(config.data.sequence_length == 4);
  config.data.sequence_length = 3;
  settle_sequence_length(config);
  CHECK(config.data.sequence_length == 3);
  Config unknown;
  CHECK_THROWS_WITH(settle_sequence_length(unknown), "data.sequence_length is missing");
}

TEST_CASE("Every rank knows of the data what rank 0 has read, and where all ranks are") {
  constexpr int kRanks = 3;
  InProcess group(kRanks, {.timeout_seconds = 30, .oversubscribed = true});
  std::mutex mutex;
  std::vector<DataFacts> found;
  std::vector<World> worlds;
  group.run([&](int rank) {
    FixedSource source = FixedSource::counting(11, 4, 13);
    source.pass_over_rows();
    const auto collective = group.collective(rank);
    const DataFacts facts = share_data_facts(rank == 0 ? &source : nullptr, *collective);
    const World world = learn_world(
        {.host = "node" + std::to_string(rank), .threads = rank + 1, .cores = 4}, *collective);
    const std::lock_guard lock(mutex);
    found.push_back(facts);
    worlds.push_back(world);
  });
  REQUIRE(found.size() == kRanks);
  for (int i = 0; i < kRanks; ++i) {
    CHECK(found[i].shape.row == Shape{4});
    CHECK(found[i].shape.vocabulary == 13);
    CHECK(found[i].training_rows == 11);
    REQUIRE(worlds[i].size() == kRanks);
    for (int r = 0; r < kRanks; ++r) {
      CHECK(worlds[i].places[r].host == "node" + std::to_string(r));
      CHECK(worlds[i].places[r].threads == r + 1);
    }
  }
}

TEST_CASE("An evaluation goes through the validation split, or as many batches as it is told") {
  const FixedSource source = FixedSource::counting(30, 4, 13);
  TrainConfig train = gpt().train;
  CHECK(evaluation_rows(train, source) == 30);
  train.eval_batches = 2;
  CHECK(evaluation_rows(train, source) == 16);
  train.eval_batches = 4;
  CHECK(evaluation_rows(train, source) == 30);
}

TEST_CASE("A rank may take what was asked for, or its share of what its host has free") {
  const MemoryLimit asked = memory_limit("2GiB", on({"a"}), 100);
  CHECK(asked.bytes == std::int64_t{2} << 30);
  CHECK(asked.reason == "--memory-limit");
  const MemoryLimit share = memory_limit("", on({"a", "b", "a", "a"}, 2), 300);
  CHECK(share.bytes == 100);
  CHECK(share.reason == "its share of what a has free for 3 ranks");
  CHECK(memory_limit("", on({"a", "b"}, 1), 300).reason ==
        "its share of what b has free for 1 rank");
  CHECK_THROWS_AS(memory_limit("much", on({"a"}), 100), Error);
}

TEST_CASE("Ranks that share layers must have the same number of threads") {
  const Grid grid(4, 1, 2, 2);
  World world = on({"a", "a", "a", "a"});
  for (RankPlace& place : world.places) place.threads = 2;
  CHECK_NOTHROW(check_tensor_groups(grid, world));
  world.places[0].threads = world.places[1].threads = 1;  // another group: another number
  CHECK_NOTHROW(check_tensor_groups(grid, world));
  world.places[3].threads = 4;
  CHECK_THROWS_WITH(check_tensor_groups(grid, world),
                    "parallel.tensor: ranks 2 and 3 share layers, but have 2 and 4 threads; set "
                    "OMP_NUM_THREADS to the same number on both");
}

TEST_CASE("Model and data must mean the same targets") {
  const ModelSetup tokens = set_up(gpt(), 0);
  CHECK_NOTHROW(check_targets(FixedSource::counting(8, 4, 13), *tokens.layers.back()));
  CHECK_THROWS_WITH(check_targets(FixedSource::images(8, {2, 2, 1}, 3), *tokens.layers.back()),
                    ContainsSubstring("one label a row"));
  CHECK_THROWS_WITH(check_targets(FixedSource::counting(8, 3, 13), *tokens.layers.back()),
                    ContainsSubstring("one for each token"));
}

TEST_CASE("Epochs are as many steps as the training rows fill, at least one") {
  Config drawn = gpt();
  settle_epochs(drawn, set_up(drawn, 0));
  CHECK(drawn.train.steps == 5);

  Config epochs = gpt();
  epochs.train.steps = TrainConfig::kNoSteps;
  epochs.train.epochs = 3;
  settle_epochs(epochs, set_up(epochs, 20));  // 8, 8 and 4 rows
  CHECK(epochs.train.steps == 9);

  Config few = gpt();
  CHECK_THROWS_WITH(settle_epochs(few, set_up(few, 1)),
                    "pipeline.microbatches: the 1 training samples do not fill 2 microbatches; set "
                    "it to at most 1");
  few.parallel.data = 2;
  CHECK_THROWS_WITH(settle_epochs(few, set_up(few, 3)),
                    ContainsSubstring("2 microbatches in each of 2 replicas; set it to at most 1"));
}

}  // namespace run_setup_test
