#include "nn/layers/activation.h"

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace activation_test {

TEST_CASE("Activations' gradients agree with finite differences") {
  for (const auto kind : {ActivationKind::kRelu, ActivationKind::kGelu, ActivationKind::kSilu,
                          ActivationKind::kTanh}) {
    Activation layer("layers.1.activation", {5, 7}, kind);
    check_gradients(layer, 3);
  }
}

TEST_CASE("Activations are what their formulas say") {
  const std::vector<float> inputs{-3, -0.5f, 0, 0.25f, 2};
  const std::pair<ActivationKind, double (*)(double)> formulas[] = {
      {ActivationKind::kRelu, [](double x) { return x > 0 ? x : 0; }},
      // Hendrycks and Gimpel, arXiv:1606.08415, section 2: the tanh form.
      {ActivationKind::kGelu,
       [](double x) {
         return 0.5 * x *
                (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
       }},
      {ActivationKind::kSilu, [](double x) { return x / (1 + std::exp(-x)); }},
      {ActivationKind::kTanh, [](double x) { return std::tanh(x); }}};
  for (const auto& [kind, formula] : formulas) {
    Activation layer("layers.1.activation", {5}, kind);
    LayerFixture fixture(layer);
    std::vector<double> expected(inputs.begin(), inputs.end());
    for (double& x : expected) x = formula(x);
    check_near(result_of(fixture, layer, tensor_of(fixture.pool(), {1, 5}, inputs)), expected);
  }
}

}  // namespace activation_test
