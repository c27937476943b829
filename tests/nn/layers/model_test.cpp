#include "nn/layers/model.h"

#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "described.h"
#include "nn/presets/presets.h"
#include "nn/unroll.h"

using namespace pipetrain;

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

TEST_CASE("A training step's FLOP are six per weight and token, and causal attention's") {
  const auto layers = build_layers(gpt(), tokens(16, 65));
  const double weights = 2 * 12 * 32 * 32 + 65 * 32;
  CHECK(training_flop_per_row(layers) == Approx(6 * weights * 16 + 6 * 2 * 16 * 32 * 16));
}

TEST_CASE("An explicit list of layers is the same model as the preset that it spells out") {
  ModelConfig listed;
  listed.layers = {
      entry("embedding", {{"width", "32"}}),
      entry("repeat", {{"count", "2"}}, {entry("transformer_block", {{"heads", "4"}})}),
      entry("layer_norm"), entry("linear", {{"features", "vocabulary"}, {"tied", "true"}})};
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

TEST_CASE("The classifier preset ends with one row of classes for each sequence") {
  const DataShape data{.row = {32}, .vocabulary = 100, .classes = 10};
  const auto layers =
      build_layers({.preset = "classifier", .depth = 2, .heads = 4, .width = 32}, data);
  REQUIRE(layers.size() == 12);
  CHECK(layers[1]->parameters()[0].shape == Shape{32, 32, 3});
  CHECK(layers[11]->output_row() == Shape{10});
}

TEST_CASE("A preset's dropout goes to its embedding and blocks; where none can be it is refused") {
  for (const char* preset : {"gpt", "llama", "classifier", "vit"}) {
    INFO(preset);
    ModelConfig config{
        .preset = preset, .depth = 1, .heads = 2, .width = 16, .context = 8, .patch = 4};
    config.classes = 10;
    const auto rates = [&] {
      int found = 0;
      const std::vector<LayerEntry> entries = expand_preset(config);
      for (const LayerEntry* made : unrolled(entries)) {
        for (const auto& [key, value] : made->options) {
          if (key == "dropout") CHECK(value == "0.1");
          found += key == "dropout" ? 1 : 0;
        }
      }
      return found;
    };
    CHECK(rates() == 0);
    config.dropout = 0.1;
    CHECK(rates() == 2);
  }
  CHECK(contains(failure({.preset = "resnet", .depth = 18, .dropout = 0.1}, images(32, 10)),
                 "model.dropout", "0.1", "resnet"));
  CHECK(contains(failure({.dropout = 0.1, .layers = {entry("relu")}}), "model.dropout",
                 "model.layers"));
  CHECK(
      contains(failure({.layers = {entry("patch_embedding", {{"patch", "4"}, {"width", "8"}}),
                                   entry("transformer_block", {{"heads", "2"}, {"dropout", "1"}})}},
                       images(8, 10)),
               "transformer_block", "dropout is '1'", "from 0 to below 1"));
}
