// Law 1 for stages that stand anywhere: the same bits as 1F1B's, and checkpoints that any grid
// takes.
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "trained.h"
#include "training_run.h"

using namespace pipetrain;

namespace placement_test {

namespace {

using Stages = std::vector<std::vector<int>>;

Config small_gpt(const std::string& schedule, const Stages& stages) {
  Config config;
  config.model = {.preset = "gpt", .depth = 3, .heads = 2, .width = 16, .context = 8};
  config.model.tie_embeddings = true;
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = 8;
  if (!stages.empty()) config.pipeline.placement = {PlacementRule::kList, stages};
  config.pipeline.partition = PartitionRule::kUniform;
  config.train.batch_size = 9;  // microbatches of 2 rows and of 1
  return config;
}

Trained run(const Config& config, int ranks) {
  return train_ranks(config, FixedSource::counting(11, 8, 13), ranks, 3);
}

const Stages kSixOnThree = {{0, 5}, {1, 4}, {2, 3}};
const Stages kFiveOnTwo = {{0, 3}, {1, 2, 4}};

}  // namespace

TEST_CASE("Any placement gives the bits of 1F1B") {
  const Trained expected = run(small_gpt("1f1b", {}), 1);
  for (const std::string schedule : {"1f1b", "gpipe", "auto"}) {
    INFO(schedule);
    CHECK(run(small_gpt(schedule, kSixOnThree), 3) == expected);
    CHECK(run(small_gpt(schedule, kFiveOnTwo), 2) == expected);
  }
  CHECK(run(small_gpt("1f1b", {{3}, {1}, {0, 2}}), 3) == expected);
  Config uneven = small_gpt("1f1b", kFiveOnTwo);
  uneven.pipeline.partition = PartitionRule::kList;
  uneven.pipeline.first_layers = {0, 1, 2, 6, 7};
  uneven.pipeline.recompute = Recompute::kFull;
  CHECK(run(uneven, 2) == expected);
  Config wave = small_gpt("1f1b", {});
  wave.pipeline.placement.rule = PlacementRule::kWave;
  wave.pipeline.virtual_stages = 3;
  CHECK(run(wave, 2) == expected);
  Config searched = small_gpt("auto", {});
  searched.pipeline.placement.rule = PlacementRule::kAuto;
  searched.pipeline.virtual_stages = 3;
  CHECK(run(searched, 2) == expected);
}

TEST_CASE("Tables of PyTorch, with messages or without, train to the bits of 1F1B") {
  const auto table = [](const std::string& name) {
    Config config = small_gpt(PIPETRAIN_GOLDEN "/schedules/pytorch/" + name + ".csv", {});
    config.model.depth = 4;
    return config;
  };
  Config plain = small_gpt("1f1b", {});
  plain.model.depth = 4;
  const Trained expected = run(plain, 1);
  for (const std::string name : {"interleaved", "zbv", "dualpipev", "interleaved_zb"}) {
    INFO(name);
    CHECK(run(table(name + "_S4_M8_compute"), 4) == expected);
    CHECK(run(table(name + "_S4_M8_comms"), 4) == expected);
  }
}

TEST_CASE("A checkpoint of one placement goes on with another, to the same bits") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const auto placed = [](Config config, const Stages& stages) {
    if (!stages.empty()) config.pipeline.placement = {PlacementRule::kList, stages};
    return config;
  };
  const TemporaryFolder whole_at;
  const Config whole = small_run(whole_at, 6);
  CHECK(run_training(whole, source, 1).error.empty());
  const Weights expected = tensors_in(checkpoint_of(whole, 6));
  const std::vector<std::pair<Stages, Stages>> ways = {
      {{}, {{2, 0}, {1, 3}}}, {{{3}, {1}, {0, 2}}, {}}, {{{0, 3}, {1, 2}}, {{1, 2}, {0}, {3}}}};
  for (const auto& [before, after] : ways) {
    const auto ranks = [](const Stages& stages) {
      return stages.empty() ? 2 : static_cast<int>(stages.size());
    };
    const TemporaryFolder at;
    Config config = small_run(at, 6);
    config.train.steps = 4;
    CHECK(run_training(placed(config, before), source, ranks(before)).error.empty());
    config.train.steps = 6;
    const std::string folder = checkpoint_folder(config.train.output + "/checkpoints", 4);
    const Ended ended =
        run_training(placed(config, after), source, ranks(after), {.resume_from = folder});
    CHECK(ended.error.empty());
    CHECK(tensors_in(checkpoint_of(config, 6)) == expected);
  }
}

}  // namespace placement_test
