#include "nn/starting_values.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "nn/layers/model.h"
#include "nn/presets/presets.h"

using namespace pipetrain;

namespace starting_values_test {

namespace {

const DataShape kTokens{.row = {16}, .vocabulary = 65, .classes = 4};
const DataShape kImages{.row = {8, 8, 3}, .dtype = DType::kFloat32, .classes = 10};

ModelConfig gpt(const std::string& init = "preset") {
  return {.preset = "gpt", .depth = 2, .heads = 2, .width = 48, .context = 16, .init = init};
}

ModelConfig vit(const std::string& init = "preset") {
  return {.preset = "vit", .depth = 2, .heads = 2, .width = 48, .patch = 2, .init = init};
}

// By name without "layers.".
std::map<std::string, Initial> starts(const ModelConfig& config, const DataShape& data) {
  std::map<std::string, Initial> found;
  for (const auto& layer : build_layers(config, data)) {
    for (const Parameter& parameter : layer->parameters()) {
      found[parameter.name.substr(7)] = parameter.initial;
    }
  }
  return found;
}

void check(const Initial& found, Initial::Kind kind, double scale) {
  CHECK(found.kind == kind);
  CHECK(found.scale == Approx(scale));
}
void check_normal(const Initial& found, double deviation) {
  check(found, Initial::Kind::kNormal, deviation);
}
void check_uniform(const Initial& found, double bound) {
  check(found, Initial::Kind::kUniform, bound);
}
void check_zero(const Initial& found) { check(found, Initial::Kind::kConstant, 0); }

}  // namespace

TEST_CASE("A GPT starts as OpenAI's does, a Llama as Hugging Face's") {
  auto found = starts(gpt(), kTokens);
  for (const char* name : {"0.embedding.token.weight", "0.embedding.position.weight",
                           "1.attention.qkv.weight", "2.mlp.up.weight"}) {
    check_normal(found[name], 0.02);
  }
  check_normal(found["1.attention.projection.weight"], 0.02 / 2);  // 2 blocks add 4 times
  check_normal(found["4.mlp.down.weight"], 0.02 / 2);
  check_zero(found["1.attention.qkv.bias"]);
  ModelConfig llama = gpt();
  llama.preset = "llama";
  found = starts(llama, kTokens);
  for (const auto& [name, initial] : found) {
    if (name.find("norm") == std::string::npos) check_normal(initial, 0.02);
  }
  llama.init_std = 0.006;
  check_normal(starts(llama, kTokens)["1.attention.projection.weight"], 0.006);
}

TEST_CASE("A residual network starts as torchvision's does") {
  auto found = starts({.preset = "resnet", .depth = 18}, kImages);
  check_normal(found["0.conv2d.weight"], std::sqrt(2.0 / (64 * 9)));
  check_normal(found["4.residual.0.conv2d.weight"], std::sqrt(2.0 / (128 * 9)));
  check_normal(found["4.residual.skip.0.conv2d.weight"], std::sqrt(2.0 / 128));
  check_uniform(found["11.linear.weight"], 1 / std::sqrt(512.0));
  check_uniform(found["11.linear.bias"], 1 / std::sqrt(512.0));
}

TEST_CASE("With init: torch modules start as PyTorch makes them") {
  auto found = starts(gpt("torch"), kTokens);
  check_normal(found["0.embedding.token.weight"], 1);  // also the head's, which is tied to it
  check_uniform(found["1.attention.qkv.weight"], std::sqrt(6.0 / (4 * 48)));
  check_zero(found["1.attention.qkv.bias"]);
  check_uniform(found["1.attention.projection.weight"], 1 / std::sqrt(48.0));
  check_zero(found["1.attention.projection.bias"]);
  check_uniform(found["2.mlp.up.bias"], 1 / std::sqrt(48.0));
  check_uniform(found["2.mlp.down.weight"], 1 / std::sqrt(4 * 48.0));
  found = starts(vit("torch"), kImages);
  check_uniform(found["0.patches.weight"], 1 / std::sqrt(2 * 2 * 3.0));
  check_uniform(found["0.patches.bias"], 1 / std::sqrt(2 * 2 * 3.0));
}

TEST_CASE("A vision transformer's patches start by fan-in, its positions to match, its head at 0") {
  auto found = starts(vit(), kImages);
  check_normal(found["0.patches.weight"], 1 / std::sqrt(2 * 2 * 3.0));
  check_normal(found["1.positions.weight"], 1);
  check_uniform(found["2.attention.qkv.weight"], std::sqrt(6.0 / (4 * 48)));
  check_uniform(found["3.mlp.up.weight"], std::sqrt(6.0 / (5 * 48)));
  check_zero(found["8.linear.weight"]);
  // In a list of layers, too, whose other layers start as GPT-2's.
  ModelConfig list{.layers = expand_preset(vit())};
  found = starts(list, kImages);
  check_normal(found["0.patches.weight"], 1 / std::sqrt(2 * 2 * 3.0));
  check_normal(found["1.positions.weight"], 1);
  check_normal(found["8.linear.weight"], 0.02);
}

TEST_CASE("An init_std that would be ignored is refused") {
  ModelConfig config = gpt("torch");
  config.init_std = 0.1;
  try {
    build_layers(config, kTokens);
    CHECK(false);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    CHECK(
        std::string(error.what()).starts_with("model.init_std: has no part in model.init: torch"));
  }
}

TEST_CASE("Uniform values keep their bound, spread evenly and do not depend on slices") {
  Parameter whole{.name = "w", .shape = {64, 32}, .initial = {Initial::Kind::kUniform, 0.5f}};
  std::vector<float> values(64 * 32);
  initialize(whole, 7, values);
  const auto [low, high] = std::ranges::minmax(values);
  CHECK((low >= -0.5f && low < -0.49f && high <= 0.5f && high > 0.49f));
  double squares = 0;
  for (const float x : values) squares += static_cast<double>(x) * x;
  CHECK(squares / 2048 == Approx(0.25 / 3).epsilon(0.05));
  const TensorPlace second{.rank = 1, .size = 2};
  const Slicing slicing = pipetrain::slicing(1, {32}, second);
  Parameter part{.name = "w",
                 .shape = shape_of(slicing, {64, 32}),
                 .initial = whole.initial,
                 .whole = {64, 32},
                 .slicing = slicing};
  std::vector<float> half(64 * 16);
  initialize(part, 7, half);
  for (std::size_t row = 0; row < 64; ++row) CHECK(half[row * 16 + 3] == values[row * 32 + 19]);
}

}  // namespace starting_values_test
