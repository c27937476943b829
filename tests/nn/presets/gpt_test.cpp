#include <string>
#include <vector>

#include "catch.h"
#include "nn/layers/described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace gpt_test {

TEST_CASE("The GPT preset is embedding, blocks of two layers, norm and head") {
  const auto layers = build_layers(gpt(), tokens(16, 65));
  REQUIRE(layers.size() == 7);
  CHECK(layers[0]->name() == "layers.0.embedding");
  CHECK(layers[1]->name() == "layers.1.attention");
  CHECK(layers[4]->name() == "layers.4.mlp");
  CHECK(layers[6]->output_row() == Shape{16, 65});
  CHECK(layers[6]->parameters()[0].name == "layers.0.embedding.token.weight");
  CHECK(parameter_count(layers) == 65 * 32 + 16 * 32 + 2 * (12 * 32 * 32 + 13 * 32) + 2 * 32);
}

TEST_CASE("GPT-2 has its published number of parameters") {
  CHECK(parameter_count(build_layers({.preset = "gpt2"}, tokens(64, 0))) == 124439808);
  CHECK(parameter_count(build_layers({.preset = "gpt2-medium"}, tokens(64, 0))) == 354823168);
}

}  // namespace gpt_test
