#include "pipeline/recompute.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "small_model.h"

using namespace pipetrain;

namespace recompute_test {

namespace {

using Mask = std::vector<bool>;

PipelineConfig listed(std::vector<std::string> layers) {
  PipelineConfig config;
  config.recompute = Recompute::kList;
  config.recompute_layers = std::move(layers);
  return config;
}

RecomputedLayers recomputed(Recompute choice, const std::vector<std::unique_ptr<Layer>>& layers) {
  PipelineConfig config;
  config.recompute = choice;
  return recomputed_layers(config, layers);
}

// The layers that are recomputed as a whole.
Mask whole_of(const RecomputedLayers& layers) {
  Mask mask;
  for (const Recomputed& layer : layers) mask.push_back(layer.whole);
  return mask;
}

Mask mask_of(Recompute choice) { return whole_of(recomputed(choice, SmallModel().layers)); }

std::vector<std::uint32_t> parts_of(const RecomputedLayers& layers) {
  std::vector<std::uint32_t> parts;
  for (const Recomputed& layer : layers) parts.push_back(layer.parts);
  return parts;
}

// An embedding, then a block, of so many tokens and this width.
std::vector<std::unique_ptr<Layer>> block(std::int64_t tokens, std::int64_t width) {
  const std::string columns = std::to_string(width);
  return build_layers({.layers = {{.kind = "embedding", .options = {{"width", columns}}},
                                  {.kind = "attention", .options = {{"heads", "1"}}},
                                  {.kind = "mlp"}}},
                      {.row = {tokens}, .vocabulary = kVocabulary});
}

std::string failure(const PipelineConfig& config,
                    const std::vector<std::unique_ptr<Layer>>& layers) {
  try {
    recomputed_layers(config, layers);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

}  // namespace

// embedding, attention, mlp, attention, mlp, layer_norm, linear
TEST_CASE("A word or a list of names and numbers says which layers are recomputed") {
  CHECK(mask_of(Recompute::kNone) == Mask(7, false));
  CHECK(mask_of(Recompute::kFull) == Mask(7, true));
  CHECK(mask_of(Recompute::kAttention) == Mask{0, 1, 0, 1, 0, 0, 0});
  CHECK(whole_of(recomputed_layers(listed({"layers.3.attention", "0", "6", "3"}),
                                   SmallModel().layers)) == Mask{1, 0, 0, 1, 0, 0, 1});
}

TEST_CASE("All parts are made again, or listed ones, unless the layer is recomputed as a whole") {
  const SmallModel model;
  const auto selective = recomputed(Recompute::kSelective, model.layers);
  CHECK(whole_of(selective) == Mask(7, false));
  CHECK(parts_of(selective) == std::vector<std::uint32_t>{0, 3, 1, 3, 1, 0, 0});
  const auto some = recomputed_layers(
      listed({"layers.1.attention.mixed", "layers.3.attention.qkv", "layers.4.mlp.hidden", "4"}),
      model.layers);
  CHECK(parts_of(some) == std::vector<std::uint32_t>{0, 2, 0, 1, 0, 0, 0});
  CHECK(whole_of(some) == Mask{0, 0, 0, 0, 1, 0, 0});
  CHECK(contains(failure(listed({"layers.4.mlp.hiden"}), model.layers), "'layers.4.mlp'"));
}

TEST_CASE(
    "What costs under 2% of a step's products is cheap, of parts that cost alike all or none") {
  // Forward has 24 C^2 + 2 T C operations a token, and makes the attention's output again for 2 T
  // C.
  constexpr std::int64_t kWidth = 32;
  constexpr std::int64_t kMost = 24 * 3 * kWidth / 94;  // 2 T <= 0.06 (24 C + 2 T)
  CHECK(parts_of(recomputed(Recompute::kCheap, block(kMost, kWidth))) ==
        std::vector<std::uint32_t>{0, 2, 0});
  CHECK(parts_of(recomputed(Recompute::kCheap, block(kMost + 1, kWidth))) ==
        std::vector<std::uint32_t>{0, 0, 0});
  CHECK(parts_of(recomputed(Recompute::kNone, block(kMost, kWidth))) ==
        std::vector<std::uint32_t>{0, 0, 0});
}

TEST_CASE("A layer that does not exist is refused with the nearest one") {
  const SmallModel model;
  CHECK(contains(failure(listed({"1", "layers.3.atention"}), model.layers), "pipeline.recompute",
                 "'layers.3.atention'", "'layers.3.attention'"));
  CHECK(contains(failure(listed({"7"}), model.layers), "'7'", "'layers.6.linear'", "0 to 6"));
  CHECK(contains(failure(listed({"-1"}), model.layers), "'-1'"));
  CHECK(contains(failure(listed({"99999999999999999999"}), model.layers), "0 to 6"));
  PipelineConfig attention;
  attention.recompute = Recompute::kAttention;
  const auto none = build_layers({.layers = {{.kind = "embedding", .options = {{"width", "8"}}}}},
                                 {.row = {kTokens}, .vocabulary = kVocabulary});
  CHECK(contains(failure(attention, none), "attention", "no attention layer"));
}

}  // namespace recompute_test
