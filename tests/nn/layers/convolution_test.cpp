#include "nn/layers/convolution.h"

#include <cstdint>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace convolution_test {

namespace {

constexpr Window square(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return {{kernel, kernel}, {stride, stride}, {padding, padding}};
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

namespace {

// y[oh, ow, o] = bias[o] + the sum of x[oh s + kh - p, ow s + kw - p, i] weight[o, i, kh, kw].
std::vector<double> plain_convolution(const Tensor& x, const Tensor& weight, const Tensor& bias,
                                      std::int64_t stride, std::int64_t padding) {
  const Shape in = x.shape(), kernel = weight.shape();  // (1, H, W, C), (out, in, KH, KW)
  std::vector<double> y;
  const auto out = [&](int axis) {
    return (in[axis] + 2 * padding - kernel[axis + 1]) / stride + 1;
  };
  for (std::int64_t oh = 0; oh < out(1); ++oh) {
    for (std::int64_t ow = 0; ow < out(2); ++ow) {
      for (std::int64_t o = 0; o < kernel[0]; ++o) {
        auto sum = static_cast<double>(bias.f32()[o]);
        for (std::int64_t kh = 0; kh < kernel[2]; ++kh) {
          for (std::int64_t kw = 0; kw < kernel[3]; ++kw) {
            const std::int64_t h = oh * stride + kh - padding, w = ow * stride + kw - padding;
            if (h < 0 || h >= in[1] || w < 0 || w >= in[2]) continue;
            for (std::int64_t i = 0; i < in[3]; ++i) {
              sum += static_cast<double>(x.f32()[(h * in[2] + w) * in[3] + i]) *
                     static_cast<double>(
                         weight.f32()[((o * in[3] + i) * kernel[2] + kh) * kernel[3] + kw]);
            }
          }
        }
        y.push_back(sum);
      }
    }
  }
  return y;
}

}  // namespace

TEST_CASE("A convolution sums its window over all channels, as a plain loop does") {
  for (const std::int64_t stride : {1, 2}) {
    for (const std::int64_t padding : {0, 1}) {
      Convolution layer("layers.0.conv2d", {6, 5, 3},
                        {.channels = 4, .window = square(3, stride, padding)});
      LayerFixture fixture(layer);
      const Tensor x = fixture.random({1, 6, 5, 3}, "x");
      INFO("stride " << stride << ", padding " << padding);
      check_near(result_of(fixture, layer, x),
                 plain_convolution(x, fixture.values()[0], fixture.values()[1], stride, padding));
    }
  }
}

TEST_CASE("A sequence is an image of height 1, and its kernel has a width alone") {
  const ConvolutionOptions options{.channels = 10, .window = {{1, 3}, {1, 2}, {0, 1}}};
  CHECK(image_of({9, 6}) == Plane{1, 9});
  CHECK(image_of({9, 6, 4}) == Plane{9, 6});
  CHECK(windowed_row({9, 6}, options.window, 10) == Shape{5, 10});
  CHECK(fans_of({9, 6}, options).in == 18);
  CHECK(fans_of({9, 6}, options).out == 30);
}

}  // namespace convolution_test
