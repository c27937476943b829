#include "nn/model.h"

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

ModelConfig gpt() { return {.preset = "gpt", .depth = 2, .heads = 4, .width = 32, .context = 16}; }

ModelConfig llama() {
  return {.preset = "llama", .depth = 2, .heads = 4, .kv_heads = 2, .width = 32};
}

std::string failure(const ModelConfig& config) {
  try {
    build_layers(config, {16, 65});
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

LayerEntry entry(const std::string& kind,
                 std::vector<std::pair<std::string, std::string>> options = {},
                 std::vector<LayerEntry> layers = {}) {
  return {kind, "model.yaml:7", std::move(options), std::move(layers)};
}

}  // namespace

TEST_CASE("The GPT preset is embedding, blocks of two layers, norm and head") {
  const auto layers = build_layers(gpt(), {16, 65});
  REQUIRE(layers.size() == 7);
  CHECK(layers[0]->name() == "layers.0.embedding");
  CHECK(layers[1]->name() == "layers.1.attention");
  CHECK(layers[4]->name() == "layers.4.mlp");
  CHECK(layers[6]->output_row() == Shape{16, 65});
  CHECK(layers[6]->parameters()[0].name == "layers.0.embedding.token.weight");
  CHECK(parameter_count(layers) == 65 * 32 + 16 * 32 + 2 * (12 * 32 * 32 + 13 * 32) + 2 * 32);
}

TEST_CASE("GPT-2 has its published number of parameters") {
  CHECK(parameter_count(build_layers({.preset = "gpt2"}, {64, 0})) == 124439808);
  CHECK(parameter_count(build_layers({.preset = "gpt2-medium"}, {64, 0})) == 354823168);
}

TEST_CASE("The Llama preset has RMS norms, no biases, grouped keys, SwiGLU and a head of its own") {
  const auto layers = build_layers(llama(), {16, 65});
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
  CHECK(parameter_count(build_layers(other, {16, 65})) ==
        65 * 32 + 2 * (4 * 32 * 32 + 3 * 32 * 40 + 2 * 32) + 32);
  other = gpt();
  other.kv_heads = 1;
  other.mlp_width = 40;
  other.tie_embeddings = false;
  CHECK(build_layers(other, {16, 65})[1]->parameters()[2].shape == Shape{(4 + 2) * 8, 32});
  CHECK(build_layers(other, {16, 65})[2]->parameters()[2].shape == Shape{40, 32});
  CHECK(build_layers(other, {16, 65})[6]->parameters()[0].name == "layers.6.linear.weight");
}

TEST_CASE("A training step's FLOP are six per weight and token, and causal attention's") {
  const auto layers = build_layers(gpt(), {16, 65});
  const double weights = 2 * 12 * 32 * 32 + 65 * 32;
  CHECK(training_flop_per_row(layers) == Approx(6 * weights * 16 + 6 * 2 * 16 * 32 * 16));
}

TEST_CASE("An explicit list of layers is the same model as the preset that it spells out") {
  ModelConfig listed;
  listed.layers = {
      entry("embedding", {{"width", "32"}}),
      entry("repeat", {{"count", "2"}}, {entry("transformer_block", {{"heads", "4"}})}),
      entry("layer_norm"), entry("linear", {{"features", "vocabulary"}, {"tied", "true"}})};
  const auto a = build_layers(listed, {16, 65}), b = build_layers(gpt(), {16, 65});
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

TEST_CASE("What does not fit is refused with file, line and reason") {
  ModelConfig config = gpt();
  config.preset = "gtp";
  CHECK(contains(failure(config), "gtp", "gpt2-medium"));
  config = gpt();
  config.heads = 5;
  CHECK(contains(failure(config), "5", "32"));
  config = gpt();
  config.context = 8;
  CHECK(contains(failure(config), "8 positions", "16 tokens"));
  config = gpt();
  config.vocabulary = "60";
  CHECK(contains(failure(config), "60", "65"));

  ModelConfig listed;
  CHECK(contains(failure(listed), "model.layers"));
  listed.layers = {entry("embeding", {{"width", "32"}})};
  CHECK(contains(failure(listed), "model.yaml:7", "'embedding'"));
  listed.layers = {entry("embedding", {{"widht", "32"}})};
  CHECK(contains(failure(listed), "needs 'width'"));
  listed.layers = {entry("embedding", {{"width", "32"}, {"positon", "3"}})};
  CHECK(contains(failure(listed), "'positon'", "'positions'"));
  listed.layers = {entry("embedding", {{"width", "-3"}})};
  CHECK(contains(failure(listed), "at least 1"));
  listed.layers = {entry("linear", {{"features", "3"}})};
  CHECK(contains(failure(listed), "first layer"));
  listed.layers = {entry("embedding", {{"width", "32"}}),
                   entry("repeat", {{"count", "2000000000"}}, {entry("layer_norm")})};
  CHECK(contains(failure(listed), "unrolls"));
}

TEST_CASE("Options of a transformer block that do not fit are refused with file, line and reason") {
  const auto failure_of = [](const std::string& kind,
                             std::vector<std::pair<std::string, std::string>> options) {
    ModelConfig listed;
    listed.layers = {entry("embedding", {{"width", "12"}}), entry(kind, std::move(options))};
    return failure(listed);
  };
  const std::string block = "transformer_block";
  CHECK(contains(failure_of(block, {{"heads", "6"}, {"kv_heads", "4"}}),
                 "model.yaml:7: transformer_block: kv_heads 4 do not divide the heads 6"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"positions", "rotary"}}),
                 "model.yaml:7: ", "a head has 3 entries", "even"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"positions", "absolute"}}),
                 "model.yaml:7: ", "'absolute'", "learned, rotary"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"theta", "100"}}), "model.yaml:7: ", "theta",
                 "positions: rotary"));
  CHECK(contains(failure_of(block, {{"heads", "6"}, {"positions", "rotary"}, {"theta", "-1"}}),
                 "model.yaml:7: ", "'-1'", "above 0"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"activation", "swish"}}),
                 "model.yaml:7: ", "'swish'", "gelu, relu, swiglu"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"norm", "batch"}}),
                 "model.yaml:7: ", "'batch'", "layer_norm, rms_norm"));
  CHECK(contains(failure_of(block, {{"heads", "4"}, {"kv_head", "2"}}),
                 "model.yaml:7: ", "'kv_head'", "'kv_heads'"));
  CHECK(contains(failure_of("mlp", {{"mlp_ratio", "2"}, {"mlp_width", "30"}}),
                 "model.yaml:7: mlp: ", "both"));
  CHECK(contains(failure_of("mlp", {{"heads", "2"}}), "model.yaml:7: mlp: ", "'heads'"));
  CHECK(contains(failure_of("attention", {{"heads", "2"}, {"mlp_ratio", "2"}}),
                 "model.yaml:7: attention: ", "'mlp_ratio'"));
  CHECK(contains(failure_of("rms_norm", {{"width", "12"}}), "model.yaml:7: rms_norm: "));
}

TEST_CASE("Initial values depend on seed and name, not on the order in which they are made") {
  const auto layers = build_layers(gpt(), {16, 65});
  const Parameter& parameter = layers[1]->parameters()[2];
  std::vector<float> a(static_cast<std::size_t>(parameter.elements())), b(a.size()), c(a.size());
  initialize(parameter, 1, a);
  initialize(parameter, 1, b);
  initialize(parameter, 2, c);
  CHECK(a == b);
  CHECK(a != c);
}
