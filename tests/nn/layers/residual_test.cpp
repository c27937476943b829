#include "nn/layers/residual.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"
#include "nn/layers/attention.h"
#include "nn/layers/batch_norm.h"
#include "nn/layers/convolution.h"
#include "nn/layers/linear.h"
#include "nn/layers/norm_layer.h"

using namespace pipetrain;

namespace residual_test {

namespace {

constexpr Window square(std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
  return {{kernel, kernel}, {stride, stride}, {padding, padding}};
}

}  // namespace

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

TEST_CASE("Layers with norms find their parameters inside of a residual block, too") {
  LayerList layers;
  layers.push_back(std::make_unique<Attention>("layers.1.residual.0.attention", Shape{5, 8},
                                               AttentionOptions{.heads = 2}));
  layers.push_back(
      std::make_unique<NormLayer>("layers.1.residual.1.rms_norm", Shape{5, 8}, NormKind::kRms));
  Residual residual("layers.1.residual", {5, 8}, std::move(layers), {}, false);
  check_gradients(residual, 2);
}

TEST_CASE("What the layers make is added to what they got, then the ReLU") {
  for (const bool relu : {false, true}) {
    LayerList layers;
    layers.push_back(std::make_unique<Linear>("r.0.linear", Shape{2},
                                              LinearOptions{.features = 2, .bias = false}));
    Residual layer("r", {2}, std::move(layers), {}, relu);
    LayerFixture fixture(layer);
    const std::vector<float> swap{0, -3, 1, 0};
    std::copy(swap.begin(), swap.end(), fixture.values()[0].f32());
    const Tensor x = tensor_of(fixture.pool(), {1, 2}, {10, 5});
    CHECK(result_of(fixture, layer, x) == std::vector<float>{relu ? 0.0f : -5.0f, 15});
    CHECK(layer.forward_flop() == 8);
  }
}

}  // namespace residual_test
