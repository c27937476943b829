#include "setup/model_profile.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace model_profile_test {

namespace {

ModelConfig listed(const std::vector<LayerEntry>& layers) { return {.layers = layers}; }

}  // namespace

TEST_CASE("A language model's rows are tokens, its messages float32, its targets a token each") {
  const auto layers =
      build_layers({.preset = "gpt", .depth = 2, .heads = 2, .width = 8, .context = 4},
                   {.row = {4}, .vocabulary = 13, .classes = 13});
  const ModelProfile profile = model_profile(layers);
  REQUIRE(profile.layers.size() == layers.size());
  CHECK(profile.tensor == 1);
  CHECK(profile.input_row_bytes == 4 * 4);
  CHECK(profile.target_row_bytes == 4 * 4);
  CHECK(profile.layers.front().output_row_bytes == 4 * 8 * 4);
  CHECK(profile.layers[1].input_row_bytes == 4 * 8 * 4);
  CHECK(profile.layers.back().output_row_bytes == 4 * 13 * 4);
  CHECK(profile.measured.empty());
  std::int64_t elements = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const LayerFacts& facts = profile.layers[i];
    CHECK(facts.name == layers[i]->name());
    CHECK(facts.buffer_elements == 0);
    for (const auto& parameter : facts.parameters) elements += parameter.elements;
  }
  CHECK(elements == parameter_elements(profile) + 13 * 8);  // the table is in two layers
  CHECK(profile.block_bytes(100) == 128);
  CHECK_FALSE(profile.halves_messages);
  CHECK(model_profile(layers, DType::kBFloat16).halves_messages);
}

TEST_CASE("What is not trained counts, and so does an image's one target") {
  const auto layers =
      build_layers(listed({{.kind = "conv2d", .options = {{"channels", "4"}, {"kernel", "3"}}},
                           {.kind = "batch_norm"},
                           {.kind = "global_mean_pool"},
                           {.kind = "linear", .options = {{"features", "3"}}}}),
                   {.row = {6, 6, 2}, .dtype = DType::kFloat32, .classes = 3});
  const ModelProfile profile = model_profile(layers);
  CHECK(profile.layers[1].buffer_elements == 8);  // running mean and variance
  CHECK(profile.target_row_bytes == 4);
  CHECK(profile.input_row_bytes == 6 * 6 * 2 * 4);
}

TEST_CASE("What a group would sum of a row is known before ranks share the layers") {
  const ModelProfile profile = model_profile(
      build_layers({.preset = "gpt", .depth = 1, .heads = 2, .width = 8, .context = 4},
                   {.row = {4}, .vocabulary = 13, .classes = 13}));
  CHECK(profile.layers[1].group_sums.count > 0);
  CHECK(profile.layers[1].group_sums.bytes == profile.layers[1].group_sums.count * 4 * 8 * 4);
}

}  // namespace model_profile_test
