#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "nn/layers/described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace llama_test {

TEST_CASE("The Llama preset has RMS norms, no biases, grouped keys, SwiGLU and a head of its own") {
  const auto layers = build_layers(llama(), tokens(16, 65));
  REQUIRE(layers.size() == 7);
  CHECK(layers[5]->name() == "layers.5.rms_norm");
  CHECK(layers[6]->parameters()[0].name == "layers.6.linear.weight");
  // 8/3 of 32 is 85, rounded up to 96
  CHECK(parameter_count(layers) ==
        2 * 65 * 32 + 2 * ((4 + 2 * 2) * 8 * 32 + 32 * 32 + 3 * 32 * 96 + 2 * 32) + 32);
  for (const auto& layer : layers) {
    for (const Parameter& parameter : layer->parameters()) {
      CHECK(parameter.name.ends_with("weight"));
    }
  }
  ModelConfig other = llama();
  other.kv_heads = 0;
  other.mlp_width = 40;
  other.tie_embeddings = true;
  CHECK(parameter_count(build_layers(other, tokens(16, 65))) ==
        65 * 32 + 2 * (4 * 32 * 32 + 3 * 32 * 40 + 2 * 32) + 32);
  other = gpt();
  other.kv_heads = 1;
  other.mlp_width = 40;
  other.tie_embeddings = false;
  CHECK(build_layers(other, tokens(16, 65))[1]->parameters()[2].shape == Shape{(4 + 2) * 8, 32});
  CHECK(build_layers(other, tokens(16, 65))[2]->parameters()[2].shape == Shape{40, 32});
  CHECK(build_layers(other, tokens(16, 65))[6]->parameters()[0].name == "layers.6.linear.weight");
}

TEST_CASE("The MLP's width is 8/3 of the model's, rounded up to a multiple of 32") {
  for (const auto& [width, mlp] : {std::pair{96, 256}, {100, 288}, {4096, 10944}}) {
    const ModelConfig config{.preset = "llama", .depth = 1, .heads = 2, .width = width};
    const auto layers = build_layers(config, tokens(16, 65));
    CHECK(layers[2]->parameters()[2].shape == Shape{width, mlp});
  }
}

}  // namespace llama_test
