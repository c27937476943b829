#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "nn/layers/described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace resnet_test {

namespace {

std::int64_t count(const ModelConfig& config, const DataShape& data) {
  return parameter_count(build_layers(config, data));
}

}  // namespace

TEST_CASE("Residual networks have their published numbers of parameters and multiplications") {
  const auto large = [](int depth) -> ModelConfig {
    return {.preset = "resnet", .depth = depth, .stem = ResnetStem::k7x7};
  };
  CHECK(count(large(18), images(224, 1000)) == 11689512);
  CHECK(count(large(34), images(224, 1000)) == 21797672);
  CHECK(count(large(50), images(224, 1000)) == 25557032);
  CHECK(count({.preset = "resnet", .depth = 18}, images(32, 10)) == 11173962);
  // 1.8, 3.6 and 3.8 to 4.1 billion multiplications (with the stride in the 3x3 convolution).
  const auto billions = [&](int depth) {
    return training_flop_per_row(build_layers(large(depth), images(224, 1000))) / 6e9;
  };
  CHECK(billions(18) == Approx(1.81).epsilon(0.01));
  CHECK(billions(34) == Approx(3.66).epsilon(0.01));
  CHECK(billions(50) == Approx(4.09).epsilon(0.01));
}

TEST_CASE("A residual network is a stem, blocks that are one layer each, and a head") {
  const auto layers = build_layers({.preset = "resnet", .depth = 18}, images(32, 10));
  REQUIRE(layers.size() == 12);
  CHECK(layers[0]->name() == "layers.0.conv2d");
  CHECK(layers[2]->name() == "layers.2.residual");
  CHECK(layers[4]->parameters()[6].name == "layers.4.residual.skip.0.conv2d.weight");
  CHECK(layers[4]->parameters()[6].shape == Shape{128, 64, 1, 1});
  CHECK(layers[4]->output_row() == Shape{16, 16, 128});
  CHECK(layers[9]->output_row() == Shape{4, 4, 512});
  CHECK(layers[11]->output_row() == Shape{10});
}

TEST_CASE("A residual network's stem is small for small images, and its depths are three") {
  const auto large =
      build_layers({.preset = "resnet", .depth = 18, .stem = ResnetStem::k7x7}, images(64, 10));
  CHECK(large[0]->output_row() == Shape{32, 32, 64});
  CHECK(large[2]->name() == "layers.2.max_pool");
  CHECK(large[2]->output_row() == Shape{16, 16, 64});
  CHECK(failure({.preset = "resnet", .depth = 19}, images(32, 10)) ==
        "model.depth: 19, the preset resnet has depths 18, 34 and 50");
}

}  // namespace resnet_test
