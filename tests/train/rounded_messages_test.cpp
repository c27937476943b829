// Training in float32 whose messages are bfloat16: of one cut the same bits on every rank and under
// every schedule (law 1), and near those of float32.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "trained.h"

using namespace pipetrain;

namespace rounded_messages_test {

namespace {

constexpr std::int64_t kRows = 9, kTokens = 8, kSteps = 4;
constexpr int kVocabulary = 13;
const Partition kCut = {0, 2, 4, 7};  // of 9 layers

struct Run {
  const char* schedule;
  int ranks, virtual_stages;
};

Config four_stages(const Run& run, DType messages = DType::kBFloat16) {
  Config config;
  config.model = {.preset = "gpt", .depth = 3, .heads = 2, .width = 16, .context = kTokens};
  config.model.dropout = 0.1;
  config.pipeline.schedule = run.schedule;
  config.pipeline.virtual_stages = run.virtual_stages;
  config.pipeline.microbatches = 8;  // of 2 rows and of 1
  config.pipeline.partition = PartitionRule::kList;
  config.pipeline.first_layers = kCut;
  config.optimizer.clip_norm = 1.0;
  config.train.batch_size = kRows;
  config.communication.precision = messages;
  return config;
}

Trained trained(const Config& config, int ranks) {
  return train_ranks(config, FixedSource::counting(kRows, kTokens, kVocabulary), ranks, kSteps);
}

constexpr Run kOneRank = {"interleaved", 1, 4};

}  // namespace

TEST_CASE("Rounded between the same stages, every grid and schedule gives the same bits") {
  const Trained alone = trained(four_stages(kOneRank), 1);
  for (const Run& run :
       {Run{"gpipe", 4, 1}, Run{"1f1b", 4, 1}, Run{"zb-h1", 4, 1}, Run{"interleaved", 2, 2},
        Run{"interleaved-zb", 2, 2}, Run{"zbv", 2, 2}, Run{"v-half", 2, 2}, Run{"v-min", 2, 2}}) {
    INFO(run.schedule);
    CHECK(alone == trained(four_stages(run), run.ranks));
  }
  Config config = four_stages({"1f1b", 4, 1});
  config.pipeline.recompute = Recompute::kFull;
  CHECK(alone == trained(config, 4));
}

TEST_CASE("Rounding changes the results a little, and so does another cut") {
  const Trained rounded = trained(four_stages(kOneRank), 1);
  const Trained whole = trained(four_stages(kOneRank, DType::kFloat32), 1);
  CHECK(rounded.losses != whole.losses);
  CHECK(relative_difference(rounded.losses, whole.losses) < 2e-3);
  Config other = four_stages(kOneRank);
  other.pipeline.first_layers = {0, 3, 4, 7};
  CHECK(trained(other, 1).losses != rounded.losses);
}

TEST_CASE("One stage sends nothing, and a model in bfloat16 sends what it has: both are as ever") {
  std::vector<Trained> runs;
  for (const DType messages : {DType::kFloat32, DType::kBFloat16}) {
    Config config = four_stages({"1f1b", 1, 1}, messages);
    config.pipeline.partition = PartitionRule::kUniform;
    runs.push_back(trained(config, 1));
    config.train.precision = DType::kBFloat16;
    runs.push_back(trained(config, 2));
  }
  CHECK(runs[0] == runs[2]);
  CHECK(runs[1] == runs[3]);
}

}  // namespace rounded_messages_test
