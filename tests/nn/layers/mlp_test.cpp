#include "nn/layers/mlp.h"

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace mlp_test {

TEST_CASE("The MLP's gradients agree with finite differences") {
  Mlp layer("layers.2.mlp", {5, 12}, {.hidden = 48});
  check_gradients(layer, 3);
}

TEST_CASE("The MLP's gradients agree with finite differences for each option, and for all") {
  const MlpOptions choices[] = {
      {.hidden = 8, .activation = MlpActivation::kRelu},
      {.hidden = 30, .activation = MlpActivation::kSwiGlu},
      {.hidden = 30, .activation = MlpActivation::kGeGlu},
      {.hidden = 30, .activation = MlpActivation::kExactGelu},
      {.hidden = 20, .norm = NormKind::kRms},
      {.hidden = 20, .bias = false},
      {.hidden = 20, .norm = NormKind::kNone},
      {.hidden = 20, .norm = NormKind::kNone, .residual = false},
      {.hidden = 30, .activation = MlpActivation::kSwiGlu, .norm = NormKind::kRms, .bias = false}};
  for (const MlpOptions& options : choices) {
    INFO("choice " << &options - choices);
    Mlp layer("layers.2.mlp", {5, 12}, options);
    check_gradients(layer, 2);
  }
}

TEST_CASE("SwiGLU's gate and up are one matrix, and its work counts three") {
  const Mlp layer("m", {5, 12},
                  {.hidden = 32, .activation = MlpActivation::kSwiGlu, .bias = false});
  REQUIRE(layer.parameters().size() == 3);
  CHECK(layer.parameters()[0].name == "m.norm.weight");
  CHECK(layer.parameters()[1].name == "m.gate_up.weight");
  CHECK(layer.parameters()[1].shape == Shape{64, 12});
  CHECK(layer.parameters()[2].shape == Shape{12, 32});
  CHECK(layer.forward_flop() == 2 * 5 * 12 * 3 * 32);
}

namespace {

double gelu(double x) {  // Hendrycks and Gimpel, arXiv:1606.08415, section 2: the tanh form
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

// y = x + down(activation(up(norm(x)))) of tokens x (T, C); layer norm, with biases.
std::vector<double> plain_mlp(const std::vector<Tensor>& weights, const Tensor& x,
                              std::int64_t hidden, bool gated) {
  const std::int64_t width = x.shape().back();
  const auto at = [](const Tensor& tensor, std::int64_t i) {
    return static_cast<double>(tensor.f32()[i]);
  };
  std::vector<double> y;
  for (std::int64_t t = 0; t < x.shape().rows(); ++t) {
    double mean = 0, variance = 0;
    for (std::int64_t c = 0; c < width; ++c)
      mean += at(x, t * width + c) / static_cast<double>(width);
    for (std::int64_t c = 0; c < width; ++c) {
      variance += std::pow(at(x, t * width + c) - mean, 2) / static_cast<double>(width);
    }
    const auto up = [&](std::int64_t h) {
      double sum = at(weights[3], h);
      for (std::int64_t c = 0; c < width; ++c) {
        const double n = (at(x, t * width + c) - mean) / std::sqrt(variance + 1e-5);
        sum += (n * at(weights[0], c) + at(weights[1], c)) * at(weights[2], h * width + c);
      }
      return sum;
    };
    for (std::int64_t o = 0; o < width; ++o) {
      double sum = at(x, t * width + o) + at(weights[5], o);
      for (std::int64_t h = 0; h < hidden; ++h) {
        const double a = up(h), made = gated ? a / (1 + std::exp(-a)) * up(hidden + h) : gelu(a);
        sum += made * at(weights[4], o * hidden + h);
      }
      y.push_back(sum);
    }
  }
  return y;
}

}  // namespace

TEST_CASE("An MLP is what a plain loop makes of its norm, two products and activation") {
  for (const bool gated : {false, true}) {
    Mlp layer("m", {3, 4},
              {.hidden = 6, .activation = gated ? MlpActivation::kSwiGlu : MlpActivation::kGelu});
    LayerFixture fixture(layer);
    const Tensor x = fixture.random({2, 3, 4}, "x");
    INFO(gated);
    check_near(result_of(fixture, layer, x), plain_mlp(fixture.values(), x, 6, gated));
  }
}

TEST_CASE("An MLP's hidden width is four times the row's unless told otherwise") {
  const auto hidden = [](std::vector<std::pair<std::string, std::string>> given) {
    const LayerEntry entry{"mlp", "", std::move(given), {}};
    LayerOptions options(entry);
    return read_mlp(options, {5, 12}, Starts()).hidden;
  };
  CHECK(hidden({}) == 48);
  CHECK(hidden({{"mlp_ratio", "3"}}) == 36);
  CHECK(hidden({{"mlp_width", "50"}}) == 50);
  CHECK_THROWS_WITH(hidden({{"mlp_ratio", "3"}, {"mlp_width", "50"}}),
                    ContainsSubstring("both given"));
}

}  // namespace mlp_test
