#include "nn/layers/branch.h"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"
#include "nn/layers/mlp.h"

using namespace pipetrain;

namespace branch_test {

TEST_CASE("A norm behind makes what is added of one size") {
  Mlp layer("m", {5, 12},
            {.hidden = 20, .norm = NormKind::kRms, .bias = false, .norm_behind = true});
  REQUIRE(layer.parameters().back().name == "m.norm_behind.weight");
  LayerFixture fixture(layer);
  for (float& weight : fixture.values().back().floats()) weight = 1;
  const Tensor x = fixture.random({1, 5, 12}, "x");
  const std::vector<float> y = result_of(fixture, layer, x);
  for (std::size_t token = 0; token < 5; ++token) {
    double squares = 0;
    for (std::size_t c = token * 12; c < (token + 1) * 12; ++c) {
      squares += std::pow(static_cast<double>(y[c] - x.f32()[c]), 2);
    }
    CHECK(squares / 12 == Approx(1).epsilon(1e-3));
  }
}

TEST_CASE("A branch alone is what it would add") {
  Mlp added("layers.2.mlp", {5, 12}, {.hidden = 20}),
      alone("layers.2.mlp", {5, 12}, {.hidden = 20, .residual = false});
  LayerFixture of_added(added), of_alone(alone);
  const Tensor x = of_added.random({2, 5, 12}, "x");
  const std::vector<float> sum = result_of(of_added, added, x),
                           part = result_of(of_alone, alone, x);
  for (std::size_t i = 0; i < sum.size(); ++i) {
    REQUIRE(sum[i] == Approx(part[i] + x.f32()[i]).margin(1e-5));
  }
}

TEST_CASE("A branch's gradients agree with finite differences with a norm, dropout, or neither") {
  for (const bool norm_behind : {true, false}) {
    for (const bool residual : {true, false}) {
      for (const double dropout : {0.0, 0.3}) {
        CAPTURE(norm_behind, residual, dropout);
        Mlp layer(
            "layers.2.mlp", {5, 12},
            {.hidden = 20, .dropout = dropout, .norm_behind = norm_behind, .residual = residual});
        check_gradients(layer, 2, Mode::kTrain);
      }
    }
  }
}

}  // namespace branch_test
