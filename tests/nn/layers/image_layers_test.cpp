// Layers of sequences and images: gradients, and values that can be counted by hand.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gradient_check.h"
#include "nn/layers/activation.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/convolution.h"
#include "nn/layers/dropout.h"
#include "nn/layers/flatten.h"
#include "nn/layers/pooling.h"
#include "nn/layers/positions.h"
#include "nn/layers/residual.h"

using namespace pipetrain;

namespace {

constexpr Window square(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return {{kernel, kernel}, {stride, stride}, {padding, padding}};
}

// Shifts the channels of a batch norm far up and down in turn, so that a ReLU's kink is far off.
std::function<void(LayerFixture&)> apart(std::size_t beta) {
  return [beta](LayerFixture& fixture) {
    float shift = 6.0f;
    for (float& value : fixture.values()[beta].floats()) value = shift = -shift;
  };
}

std::vector<float> values(const Tensor& tensor) {
  return {tensor.floats().begin(), tensor.floats().end()};
}

}  // namespace

TEST_CASE("Convolutions' gradients agree with finite differences") {
  Convolution plain("layers.0.conv2d", {5, 6, 3}, {.channels = 4, .window = square(3, 1, 1)});
  check_gradients(plain, 2);
  Convolution strided("layers.1.conv2d", {7, 7, 8},
                      {.channels = 16, .window = square(3, 2, 1), .bias = false});
  check_gradients(strided, 3);
  Convolution pointwise("layers.2.conv2d", {6, 6, 8},
                        {.channels = 8, .window = square(1, 2, 0), .bias = false});
  check_gradients(pointwise, 2);
  Convolution sequence("layers.3.conv1d", {9, 6},
                       {.channels = 10, .window = {{1, 3}, {1, 1}, {0, 1}}});
  check_gradients(sequence, 2);
  CHECK(sequence.parameters()[0].shape == Shape{10, 6, 3});
}

TEST_CASE("The first layer's convolution makes no input gradient") {
  Convolution first("layers.0.conv2d", {4, 4, 3},
                    {.channels = 4, .window = square(3, 1, 1), .input_gradient = false});
  LayerFixture fixture(first);
  Saved saved;
  first.forward(fixture.context(), fixture.random({2, 4, 4, 3}, "x"), saved);
  CHECK(first.backward_input(fixture.context(), fixture.random({2, 4, 4, 4}, "dy"), saved).empty());
}

TEST_CASE("Batch norm's gradients agree with finite differences, with and without ReLU") {
  BatchNorm plain("layers.1.batch_norm", {4, 3, 5}, false);
  check_gradients(plain, 3, Mode::kTrain);
  BatchNorm relu("layers.1.batch_norm", {6, 8}, true);
  check_gradients(relu, 10, Mode::kTrain, apart(1));
}

TEST_CASE("Running statistics go from microbatch to microbatch, and evaluation uses them") {
  BatchNorm layer("layers.1.batch_norm", {2, 1}, false);
  LayerFixture fixture(layer);
  fixture.values()[0].f32()[0] = 1;
  fixture.values()[1].f32()[0] = 0;
  auto train = [&](std::vector<float> x, int microbatch, bool accumulate) {
    Saved saved;
    Tensor input(fixture.pool(), {2, 2, 1});
    std::copy(x.begin(), x.end(), input.f32());
    Tensor y = layer.forward(fixture.context(), std::move(input), saved);
    layer.backward_input(fixture.context(), std::move(y), saved);
    Context context = fixture.context(accumulate);
    context.microbatch = microbatch;
    context.microbatches = 2;
    layer.backward_weight(context, saved);
  };
  const std::vector<Buffer>& buffers = layer.buffers();
  CHECK(buffers[0].name == "layers.1.batch_norm.running_mean");
  for (const int first : {0, 1}) {  // a schedule may run the last microbatch's W first
    const auto microbatch = [&](int number, bool accumulate) {
      if (number == 0) train({1, 2, 3, 6}, 0, accumulate);  // mean 3, unbiased variance 14 / 3
      if (number == 1) train({0, 0, 0, 4}, 1, accumulate);  // mean 1, unbiased variance 4
    };
    microbatch(first, false);
    microbatch(1 - first, true);
    CHECK(buffers[0].next[0] == Approx(0.9 * 0.3 + 0.1));
    CHECK(buffers[1].next[0] == Approx(0.9 * (0.9 * 1 + 1.4 / 3) + 0.4));
  }
  CHECK(buffers[0].value[0] == 0);  // until the weights' update
  buffers[0].value[0] = 2;
  buffers[1].value[0] = 4;
  Saved saved;
  Tensor x(fixture.pool(), {1, 2, 1});
  x.f32()[0] = 2, x.f32()[1] = 6;
  Context evaluate = fixture.context();
  evaluate.mode = Mode::kEvaluate;
  const Tensor y = layer.forward(evaluate, std::move(x), saved);
  CHECK(y.f32()[0] == 0);
  CHECK(y.f32()[1] == Approx(2).margin(1e-5));
}

TEST_CASE("Activations' gradients agree with finite differences") {
  for (const auto kind : {ActivationKind::kRelu, ActivationKind::kGelu, ActivationKind::kSilu}) {
    Activation layer("layers.1.activation", {5, 7}, kind);
    check_gradients(layer, 3);
  }
}

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

TEST_CASE("Flattening and positions keep their gradients") {
  Flatten flat("layers.1.flatten", {3, 4, 5});
  check_gradients(flat, 2);
  CHECK(flat.output_row() == Shape{60});
  Positions positions("layers.1.positions", {2, 3, 4}, {});
  check_gradients(positions, 3);
  CHECK(positions.output_row() == Shape{6, 4});
}

TEST_CASE("Dropout keeps its share, scales it, and depends on the global row alone") {
  Dropout layer("layers.1.dropout", {5, 13}, 0.25);
  check_gradients(layer, 4, Mode::kTrain);
  LayerFixture fixture(layer);
  auto masked = [&](std::int64_t first_row, std::int64_t rows, std::int64_t step) {
    Context context = fixture.context();
    context.first_row = first_row;
    context.step = step;
    Saved saved;
    Tensor ones(fixture.pool(), {rows, 5, 13});
    std::fill(ones.floats().begin(), ones.floats().end(), 1.0f);
    return values(layer.forward(context, std::move(ones), saved));
  };
  const std::vector<float> whole = masked(0, 40, 7);
  const auto kept = std::count(whole.begin(), whole.end(), 1.0f / 0.75f);
  CHECK(kept + std::count(whole.begin(), whole.end(), 0.0f) == 40 * 65);
  CHECK(static_cast<double>(kept) == Approx(0.75 * 40 * 65).epsilon(0.05));
  const std::vector<float> later = masked(30, 10, 7);
  CHECK(std::equal(later.begin(), later.end(), whole.begin() + 30 * 65));
  CHECK(masked(0, 40, 8) != whole);

  Context evaluate = fixture.context();
  evaluate.mode = Mode::kEvaluate;
  Saved saved;
  Tensor x = fixture.random({2, 5, 13}, "x");
  const std::vector<float> before = values(x);
  CHECK(values(layer.forward(evaluate, std::move(x), saved)) == before);
}

TEST_CASE("A residual block's gradients agree with finite differences, inside and over its skip") {
  auto layers = [](const std::string& name) {
    LayerList list;
    list.push_back(std::make_unique<Convolution>(
        name + ".0.conv2d", Shape{4, 4, 3},
        ConvolutionOptions{.channels = 3, .window = square(3, 1, 1), .bias = false}));
    list.push_back(std::make_unique<BatchNorm>(name + ".1.batch_norm", Shape{4, 4, 3}, false));
    return list;
  };
  Residual identity("layers.1.residual", {4, 4, 3}, layers("layers.1.residual"), {}, false);
  check_gradients(identity, 3, Mode::kTrain);
  CHECK(identity.parameters()[0].name == "layers.1.residual.0.conv2d.weight");
  CHECK(identity.buffers().size() == 2);

  LayerList skip;
  skip.push_back(std::make_unique<Convolution>(
      "layers.2.residual.skip.0.conv2d", Shape{4, 4, 3},
      ConvolutionOptions{.channels = 3, .window = square(1, 1, 0), .bias = false}));
  Residual projected("layers.2.residual", {4, 4, 3}, layers("layers.2.residual"), std::move(skip),
                     true);
  check_gradients(projected, 3, Mode::kTrain, apart(2));
  CHECK(projected.parameters().size() == 4);

  LayerList nested;
  nested.push_back(std::make_unique<Residual>("layers.3.residual.0.residual", Shape{4, 4, 3},
                                              layers("layers.3.residual.0.residual"), LayerList{},
                                              false));
  Residual outer("layers.3.residual", {4, 4, 3}, std::move(nested), {}, false);
  check_gradients(outer, 3, Mode::kTrain);
}
