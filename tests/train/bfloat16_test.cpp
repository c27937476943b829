// Training in bfloat16: laws 1 and 2 hold within it, and it stays near float32.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "setup/run_program.h"
#include "trained.h"

using namespace pipetrain;

namespace bfloat16_test {

namespace {

constexpr std::int64_t kRows = 9, kTokens = 8, kSteps = 4;
constexpr int kVocabulary = 13;

ModelConfig gpt() {
  return {.preset = "gpt", .depth = 3, .heads = 2, .width = 16, .context = kTokens};
}

Config with(ModelConfig model, DType precision, const std::string& schedule = "1f1b") {
  Config config;
  config.model = std::move(model);
  config.pipeline.schedule = schedule;
  config.pipeline.microbatches = 8;  // of 2 rows and of 1
  config.pipeline.partition = PartitionRule::kUniform;
  config.optimizer.clip_norm = 1.0;
  config.train.batch_size = kRows;
  config.train.precision = precision;
  return config;
}

Trained run(const Config& config, int ranks, std::int64_t steps = kSteps) {
  return train_ranks(config, FixedSource::counting(kRows, kTokens, kVocabulary), ranks, steps);
}

double largest_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

}  // namespace

TEST_CASE("bfloat16 gives the same bits under every schedule, on every number of ranks") {
  ModelConfig model = gpt();
  model.dropout = 0.1;
  const Trained alone = run(with(model, DType::kBFloat16), 1);
  CHECK(std::ranges::is_sorted(alone.losses, std::greater{}));
  CHECK_FALSE(alone == run(with(model, DType::kFloat32), 1));
  for (const char* schedule : {"gpipe", "1f1b", "zb-h1", "zbv", "interleaved"}) {
    INFO(schedule);
    CHECK(alone == run(with(model, DType::kBFloat16, schedule), 2));
  }
  CHECK(alone == run(with(model, DType::kBFloat16), 4));
  for (const Recompute recompute : {Recompute::kFull, Recompute::kAttention}) {
    Config config = with(model, DType::kBFloat16);
    config.pipeline.recompute = recompute;
    CHECK(alone == run(config, 2));
  }
}

TEST_CASE("Losses in bfloat16 stay near those in float32") {
  ModelConfig llama = gpt();
  llama.preset = "llama";
  llama.kv_heads = 1;
  for (const ModelConfig& model : {gpt(), llama}) {
    INFO(model.preset);
    const Trained half = run(with(model, DType::kBFloat16), 1, 40);
    const Trained full = run(with(model, DType::kFloat32), 1, 40);
    CHECK(full.losses.back() < full.losses.front() - 0.5);
    CHECK(largest_difference(half.losses, full.losses) < 0.02);
  }
}

TEST_CASE("Images are taken in bfloat16") {
  const ModelConfig vit = {.preset = "vit", .depth = 2, .heads = 2, .width = 16, .patch = 4};
  const FixedSource source = FixedSource::images(kRows, {8, 8, 3}, 5);
  const Trained half = train_ranks(with(vit, DType::kBFloat16), source, 1, kSteps);
  CHECK(largest_difference(
            half.losses, train_ranks(with(vit, DType::kFloat32), source, 1, kSteps).losses) < 0.02);
  CHECK(half == train_ranks(with(vit, DType::kBFloat16), source, 4, kSteps));
}

TEST_CASE("Convolutional networks in bfloat16 have the same bits wherever they are cut") {
  const ModelConfig resnet = {.preset = "resnet", .depth = 18, .width = 4};
  const FixedSource source = FixedSource::images(kRows, {8, 8, 3}, 5);
  const auto in = [&](DType precision, const std::string& schedule, Recompute recompute) {
    Config config = with(resnet, precision, schedule);
    config.pipeline.microbatches = 4;
    config.pipeline.recompute = recompute;
    return config;
  };
  const auto half = [&](const std::string& schedule, Recompute recompute, int ranks) {
    return train_ranks(in(DType::kBFloat16, schedule, recompute), source, ranks, kSteps);
  };
  const Trained alone = half("1f1b", Recompute::kNone, 1);
  CHECK(alone == half("zb-h1", Recompute::kNone, 2));
  CHECK(alone == half("interleaved", Recompute::kFull, 2));
  CHECK(alone == half("1f1b", Recompute::kFull, 4));
  CHECK_FALSE(alone ==
              train_ranks(in(DType::kFloat32, "1f1b", Recompute::kNone), source, 1, kSteps));
}

TEST_CASE("Ranks that share layers sum their parts of bfloat16 products in float32") {
  for (const double dropout : {0.0, 0.1}) {
    ModelConfig model = gpt();
    model.dropout = dropout;
    Config config = with(model, DType::kBFloat16);
    const Trained whole = run(config, 1);
    config.parallel.tensor = 2;
    const Trained shared = run(config, 2);
    CHECK(largest_difference(whole.losses, shared.losses) < 2e-3);
    const Trained cut = run(config, 4);  // each rank has other slices of the weights
    CHECK(cut.losses == shared.losses);
    CHECK(cut.norms == shared.norms);
    CHECK(cut.validation == shared.validation);
  }
}

TEST_CASE("Messages between stages have half the bytes in bfloat16") {
  std::vector<std::vector<std::int64_t>> bytes;
  for (const DType precision : {DType::kFloat32, DType::kBFloat16}) {
    const Config config = with(gpt(), precision);
    const FixedSource source = FixedSource::counting(kRows, kTokens, kVocabulary);
    std::vector<std::int64_t>& mine = bytes.emplace_back();
    run_ranks(config, source, 2, [&](RankThread& rank) {
      if (rank.rank() != 0) return;
      const ModelSetup model =
          set_up_model(config, {.data = data_shape_of(source), .stage_ranks = 2});
      mine.push_back(largest_message_bytes(config, model, rank.pipeline().layout.partition));
      for (const auto& layer : model.layers) {
        if (layer == model.layers.back()) break;
        mine.push_back(static_cast<std::int64_t>(element_bytes(layer->output_dtype())));
      }
    });
  }
  REQUIRE(bytes[0].size() == bytes[1].size());
  CHECK(bytes[0][0] == 2 * kTokens * 16 * 4);
  for (std::size_t i = 0; i < bytes[0].size(); ++i) CHECK(bytes[0][i] == 2 * bytes[1][i]);
}

}  // namespace bfloat16_test
