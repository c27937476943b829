#include "nn/layers/pooling.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace pooling_test {

namespace {

constexpr Window square(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return {{kernel, kernel}, {stride, stride}, {padding, padding}};
}

}  // namespace

TEST_CASE("Pooling's gradients agree with finite differences") {
  MaxPool largest("layers.1.max_pool", {7, 6, 3}, square(3, 2, 1));
  check_gradients(largest, 2);
  MaxPool sequence("layers.1.max_pool", {8, 5}, {{1, 2}, {1, 2}, {0, 0}});
  check_gradients(sequence, 2);
  AveragePool average("layers.1.average_pool", {7, 6, 3}, square(3, 2, 1));
  check_gradients(average, 2);
  MeanPool tokens("layers.1.mean_pool", {6, 5});
  check_gradients(tokens, 3);
  MeanPool image("layers.1.global_mean_pool", {3, 4, 5});
  check_gradients(image, 3);
  FirstToken first("layers.1.first_token", {6, 5});
  check_gradients(first, 3);
}

TEST_CASE("Max pooling passes a NaN on and gives its gradient to the first of equals") {
  MaxPool layer("layers.1.max_pool", {4, 1}, {{1, 2}, {1, 2}, {0, 0}});
  LayerFixture fixture(layer);
  Saved saved;
  Tensor x(fixture.pool(), {1, 4, 1}), dy = fixture.random({1, 2, 1}, "dy");
  const float nan = std::nanf("");
  std::copy_n(std::vector<float>{5, 5, nan, 7}.begin(), 4, x.f32());
  const Tensor y = layer.forward(fixture.context(), std::move(x), saved);
  CHECK(y.f32()[0] == 5);
  CHECK(std::isnan(y.f32()[1]));
  const float gradient = dy.f32()[0];
  const Tensor dx = layer.backward_input(fixture.context(), std::move(dy), saved);
  CHECK(dx.f32()[0] == gradient);
  CHECK(dx.f32()[1] == 0);
}

TEST_CASE("A window's mean counts padding as zeros; a mean over all places has none") {
  AveragePool window("layers.1.average_pool", {3, 1}, {{1, 3}, {1, 2}, {0, 1}});
  LayerFixture fixture(window);
  const Tensor x = tensor_of(fixture.pool(), {1, 3, 1}, {3, 6, 9});
  CHECK(result_of(fixture, window, x) == std::vector<float>{3, 5});  // (0 + 3 + 6) / 3
  MeanPool all("layers.1.global_mean_pool", {2, 2, 2});
  const Tensor image = tensor_of(fixture.pool(), {1, 2, 2, 2}, {1, 10, 2, 20, 3, 30, 6, 60});
  CHECK(result_of(fixture, all, image) == std::vector<float>{3, 30});
}

TEST_CASE("The largest of a window is that of each channel") {
  MaxPool layer("layers.1.max_pool", {2, 2, 2}, square(2, 2, 0));
  LayerFixture fixture(layer);
  const Tensor x = tensor_of(fixture.pool(), {1, 2, 2, 2}, {1, -40, 2, -20, 4, -30, 3, -10});
  CHECK(result_of(fixture, layer, x) == std::vector<float>{4, -10});
}

TEST_CASE("The first token is that of each row") {
  FirstToken layer("layers.1.first_token", {2, 3});
  LayerFixture fixture(layer);
  const Tensor x = tensor_of(fixture.pool(), {2, 2, 3}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  CHECK(result_of(fixture, layer, x) == std::vector<float>{1, 2, 3, 7, 8, 9});
}

}  // namespace pooling_test
