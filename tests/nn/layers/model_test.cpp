#include "nn/layers/model.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "described.h"

using namespace pipetrain;

namespace model_test {

TEST_CASE("A training step's FLOP are six per weight and token, and causal attention's") {
  const auto layers = build_layers(gpt(), tokens(16, 65));
  const double weights = 2 * 12 * 32 * 32 + 65 * 32;
  CHECK(training_flop_per_row(layers) == Approx(6 * weights * 16 + 6 * 2 * 16 * 32 * 16));
}

TEST_CASE("An explicit list of layers is the same model as the preset that it spells out") {
  ModelConfig listed;
  listed.layers = {
      told_entry("embedding", {{"width", "32"}}),
      told_entry("repeat", {{"count", "2"}}, {told_entry("transformer_block", {{"heads", "4"}})}),
      told_entry("layer_norm"),
      told_entry("linear", {{"features", "vocabulary"}, {"tied", "true"}})};
  const auto a = build_layers(listed, tokens(16, 65)), b = build_layers(gpt(), tokens(16, 65));
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i]->name() == b[i]->name());
    REQUIRE(a[i]->parameters().size() == b[i]->parameters().size());
    for (std::size_t p = 0; p < a[i]->parameters().size(); ++p) {
      CHECK(a[i]->parameters()[p].name == b[i]->parameters()[p].name);
      CHECK(a[i]->parameters()[p].shape == b[i]->parameters()[p].shape);
      CHECK(a[i]->parameters()[p].initial.scale == b[i]->parameters()[p].initial.scale);
    }
  }
}

TEST_CASE("Why a model is not built for so many ranks is told") {
  const auto why_not = [](const ModelConfig& config, const DataShape& data, int tensor) {
    const std::optional<std::string> reason = why_not_built(config, data, tensor);
    CHECK(reason.value_or("") == failure(config, data, {0, tensor}));
    return reason.value_or("");
  };
  CHECK(why_not(gpt(), tokens(16, 65), 2).empty());
  CHECK(why_not(gpt(), tokens(16, 65), 4).empty());
  CHECK(contains(why_not(gpt(), tokens(16, 65), 3), "heads 4", "3 ranks"));
  const ModelConfig resnet{.preset = "resnet", .depth = 18, .width = 4};
  CHECK(why_not(resnet, images(8, 10), 1).empty());
  CHECK(contains(why_not(resnet, images(8, 10), 2), "neither"));
  const ModelConfig tied{
      .layers = {told_entry("embedding", {{"width", "32"}}),
                 told_entry("attention", {{"heads", "4"}}),
                 told_entry("linear", {{"features", "vocabulary"}, {"tied", "true"}}),
                 told_entry("relu")}};
  CHECK(why_not(tied, tokens(16, 65), 1).empty());
  CHECK(contains(why_not(tied, tokens(16, 65), 2), "model.yaml:7: linear: tied"));
}

}  // namespace model_test
