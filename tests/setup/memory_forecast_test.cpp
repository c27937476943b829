#include "setup/memory_forecast.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "comm/in_process.h"
#include "plan/profile.h"
#include "tensor/memory.h"

using namespace pipetrain;

namespace memory_forecast_test {

namespace {

Config gpt() {
  Config config;
  config.model = {.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4};
  config.model.tie_embeddings = false;
  config.pipeline.microbatches = 2;
  config.train.batch_size = 8;
  config.train.checkpoint_every = 0;
  return config;
}

// Of layers that take nothing themselves, on two ranks.
std::vector<RankMemory> forecast(const Config& config, std::int64_t training_rows = 0,
                                 std::int64_t evaluation_rows = 0) {
  const ModelSetup setup =
      set_up_model(config, {.data = {.row = {4}, .vocabulary = 13, .classes = 13},
                            .stage_ranks = 2,
                            .training_rows = training_rows,
                            .evaluation_rows = evaluation_rows});
  const int layers = setup.cut_layers();
  const Layout layout{.schedule = setup.schedule,
                      .partition = uniform_partition(layers, 2),
                      .recomputed = setup.recomputed};
  std::vector<LayerMeasure> measured(setup.layers.size());
  // A block of 1000 bytes that an evaluation's forward needs for as long as it runs.
  measured.front().evaluation.most = {{1000, 1}};
  return forecast_memory(config, setup, layout, measured);
}

// What each rank hears, of ranks that take so many bytes of tensors.
std::vector<std::string> refusals(std::int64_t first, std::int64_t second,
                                  const MemoryLimit& limit) {
  const std::vector<RankMemory> memory = {{.weights = first}, {.weights = second}};
  std::vector<std::string> heard(2);
  InProcess group(2, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    const auto world = group.collective(rank);
    try {
      require_room(memory, limit, Grid(2, 1, 1, 2), *world);
    } catch (const Error& error) {
      if (error.code() != ExitCode::kConfiguration) throw;
      heard[static_cast<std::size_t>(rank)] = error.what();
    }
  });
  return heard;
}

constexpr std::int64_t kTerabyte = std::int64_t{1} << 40;

}  // namespace

TEST_CASE("Weights, gradients and moments are foreseen from the parameters alone") {
  const std::vector<RankMemory> ranks = forecast(gpt());
  REQUIRE(ranks.size() == 2);
  for (const RankMemory& rank : ranks) {
    CHECK(rank.weights > 0);
    CHECK(rank.gradients == rank.weights);
    CHECK(rank.moments == 2 * rank.weights);  // of AdamW
    CHECK(rank.checkpoint == 0);
  }
}

TEST_CASE("Gradients that come a step late take two versions of weights and gradients") {
  const std::vector<RankMemory> plain = forecast(gpt());
  Config config = gpt();
  config.pipeline.delay = 1;
  const std::vector<RankMemory> delayed = forecast(config);
  for (std::size_t r = 0; r < plain.size(); ++r) {
    CHECK(delayed[r].weights == 2 * plain[r].weights);
    CHECK(delayed[r].gradients == 2 * plain[r].gradients);
    CHECK(delayed[r].moments == plain[r].moments);
    CHECK(delayed[r].activations == plain[r].activations);
  }
}

TEST_CASE("Updates that may be taken back take copies of what they overwrite") {
  const std::vector<RankMemory> plain = forecast(gpt());
  Config config = gpt();
  config.pipeline.post_validation = true;
  const std::vector<RankMemory> early = forecast(config);
  for (std::size_t r = 0; r < plain.size(); ++r) {
    CHECK(plain[r].overwritten == 0);
    CHECK(early[r].overwritten == plain[r].weights + plain[r].moments);
    CHECK(early[r].total() == plain[r].total() + early[r].overwritten);
  }
}

TEST_CASE("A checkpoint beside the training takes a copy of what it saves") {
  Config config = gpt();
  config.train.checkpoint_every = 5;
  for (const RankMemory& rank : forecast(config)) {
    CHECK(rank.checkpoint == rank.weights + rank.moments);
  }
  config.train.checkpoint_background = false;
  CHECK(forecast(config).front().checkpoint == 0);
}

TEST_CASE("Short batches, of an epoch's end or of an evaluation, take room of their own") {
  const std::int64_t whole = forecast(gpt()).front().total();
  CHECK(forecast(gpt(), 16).front().total() == whole);  // batches of 8 divide it
  CHECK(forecast(gpt(), 19).front().total() > whole);
  CHECK(forecast(gpt(), 0, 3).front().total() > whole);
}

TEST_CASE("Where separate documents begin takes room on every rank, most on the one that says it") {
  Config config = gpt();
  const std::vector<RankMemory> joined = forecast(config);
  config.data.documents = Documents::kSeparate;
  const std::vector<RankMemory> separate = forecast(config);
  const auto block = static_cast<std::int64_t>(block_bytes(4 * 4 * 4));  // rows, tokens, bytes
  CHECK(separate[0].messages - joined[0].messages == (2 + 1) * 2 * block);
  CHECK(separate[1].messages - joined[1].messages == 2 * 2 * block);
}

TEST_CASE("Where every rank has room none is refused, nor where nothing is known of it") {
  CHECK(refusals(1000, 2000, {.bytes = kTerabyte}) == std::vector<std::string>(2));
  CHECK(refusals(kTerabyte, kTerabyte, {.bytes = 0}) == std::vector<std::string>(2));
}

TEST_CASE("Every rank hears which one has too little room, and why") {
  const auto heard =
      refusals(1000, 2 * kTerabyte, {.bytes = kTerabyte, .reason = "--memory-limit"});
  CHECK(contains(heard[0], "memory: rank 1 will take ", " of tensors), more than ",
                 ", --memory-limit; use more ranks"));
  CHECK(heard[1] == heard[0]);
}

// A head of 13 x 8 weights and 13 biases, or the embedding's table.
TEST_CASE("With the vocabulary over the pipeline each rank has its pieces' memory") {
  Config config = gpt();
  config.pipeline.partition = PartitionRule::kUniform;
  const auto place = GENERATE(VocabularyPlace::kParallel, VocabularyPlace::kVocab1);
  for (const bool tied : {false, true}) {
    CAPTURE(tied);
    config.model.tie_embeddings = tied;
    config.pipeline.vocabulary = place;
    const std::vector<RankMemory> pieces = forecast(config);
    REQUIRE(pieces.size() == 2);
    for (const RankMemory& rank : pieces) CHECK(rank.activations > 0);
    std::int64_t weights = 0;
    for (const RankMemory& rank : pieces) weights += rank.weights;
    config.pipeline.vocabulary = VocabularyPlace::kWhole;
    std::int64_t whole = 0;
    for (const RankMemory& rank : forecast(config)) whole += rank.weights;
    // Of a tied table both the first and the last rank have a copy where it is whole.
    if (!tied) CHECK(weights >= whole);
    if (tied) CHECK(weights <= whole);
    CHECK(weights <= whole + 4096);  // blocks are rounded up
  }
}

}  // namespace memory_forecast_test
