#include "nn/layers/linear.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace linear_test {

TEST_CASE("A linear layer's gradients agree with finite differences, with and without bias") {
  Linear with("layers.4.linear", {5, 12}, {.features = 7});
  check_gradients(with, 3);
  Linear without("layers.4.linear", {12}, {.features = 9, .bias = false});
  check_gradients(without, 4);
}

TEST_CASE("A linear layer's features are sums over the last axis, and its bias") {
  Linear layer("l", {2, 2}, {.features = 3});
  LayerFixture fixture(layer);
  const std::vector<float> weight{1, 2, 3, 4, 5, 6}, bias{100, 200, 300};
  std::copy(weight.begin(), weight.end(), fixture.values()[0].f32());
  std::copy(bias.begin(), bias.end(), fixture.values()[1].f32());
  const Tensor x = tensor_of(fixture.pool(), {1, 2, 2}, {1, 10, 0, 1});
  CHECK(result_of(fixture, layer, x) == std::vector<float>{121, 243, 365, 102, 204, 306});
  CHECK(layer.forward_flop() == 2 * 2 * 2 * 3);
}

TEST_CASE("Capped outputs stay below the cap, and have the gradients of the formula") {
  Linear layer("l", {5, 12}, {.features = 7, .cap = 0.8f});
  check_gradients(layer, 3);
  Linear plain("l", {5, 12}, {.features = 7});
  LayerFixture fixture(layer), other(plain);
  const Tensor x = fixture.random({2, 5, 12}, "x");
  std::vector<double> expected;
  for (const float y : result_of(other, plain, x)) {
    expected.push_back(0.8 * std::tanh(static_cast<double>(y) / 0.8));
  }
  check_near(result_of(fixture, layer, x), expected);
}

TEST_CASE("A tied layer has the table as its weight, and no bias") {
  const Linear layer("l", {4, 8}, {.features = 11, .tied_to = "layers.0.embedding.token.weight"});
  REQUIRE(layer.parameters().size() == 1);
  CHECK(layer.parameters()[0].name == "layers.0.embedding.token.weight");
  CHECK(layer.parameters()[0].tied_to_earlier);
  CHECK(layer.parameters()[0].shape == Shape{11, 8});
}

TEST_CASE("Ranks that share a linear layer make some features each, and know which") {
  Linear layer("l", {2}, {.features = 5, .place = {1, 2}});  // features 3 and 4
  CHECK(layer.output_row() == Shape{2});
  CHECK(layer.outputs() == 5);
  CHECK(layer.first_output() == 3);
  CHECK(layer.shares_outputs());
  CHECK(layer.parameters()[0].shape == Shape{2, 2});
  CHECK(layer.parameters()[1].whole == Shape{5});
  CHECK(layer.forward_flop() == 2 * 2 * 5);  // of all ranks
  check_gradients(layer, 3);
}

TEST_CASE("The logits of a model in bfloat16 are float32") {
  Linear layer("l", {2}, {.features = 3});
  layer.set_precision({.activations = DType::kBFloat16, .last = true});
  CHECK(layer.input_dtype() == DType::kBFloat16);
  CHECK(layer.output_dtype() == DType::kFloat32);
}

}  // namespace linear_test
