#include "nn/layers/norm_layer.h"

#include <cmath>
#include <cstddef>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace norm_layer_test {

TEST_CASE("RMS norm's gradients agree with finite differences") {
  NormLayer layer("layers.3.rms_norm", {5, 24}, NormKind::kRms);
  check_gradients(layer, 3);
  CHECK(layer.parameters().size() == 1);
}

TEST_CASE("Layer norm's gradients agree with finite differences") {
  NormLayer layer("layers.3.layer_norm", {5, 24}, NormKind::kLayer);
  check_gradients(layer, 3);
}

TEST_CASE("Layer norm takes mean and variance of each token, RMS norm its squares alone") {
  const float epsilon = 0.5f;
  const std::vector<float> row{1, 3, 5, 7};  // mean 4, variance 5, mean square 21
  for (const NormKind kind : {NormKind::kLayer, NormKind::kRms}) {
    NormLayer layer("n", {1, 4}, kind, epsilon);
    LayerFixture fixture(layer);
    std::vector<double> expected;
    for (std::size_t c = 0; c < 4; ++c) {
      const auto weight = static_cast<double>(fixture.values()[0].f32()[c]);
      if (kind == NormKind::kLayer) {
        expected.push_back((row[c] - 4.0) / std::sqrt(5.5) * weight +
                           static_cast<double>(fixture.values()[1].f32()[c]));
      } else {
        expected.push_back(row[c] / std::sqrt(21.5) * weight);
      }
    }
    check_near(result_of(fixture, layer, tensor_of(fixture.pool(), {1, 1, 4}, row)), expected);
  }
}

}  // namespace norm_layer_test
