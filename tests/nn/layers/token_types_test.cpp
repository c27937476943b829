#include "nn/layers/token_types.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace token_types_test {

TEST_CASE("Token types' gradients agree with finite differences") {
  TokenTypes two("layers.1.token_types", {5, 6}, 2, {});
  check_gradients(two, 3);
  CHECK(two.reach() == Reach::kToken);
  CHECK(two.parameters()[0].shape == Shape{2, 6});
  TokenTypes one("layers.1.token_types", {5, 6}, 1, {});
  check_gradients(one, 3);
}

TEST_CASE("Every token has the first type; the others' rows have no gradient") {
  TokenTypes layer("layers.1.token_types", {2, 2}, 3, {});
  LayerFixture fixture(layer);
  for (int i = 0; i < 6; ++i) fixture.values()[0].f32()[i] = static_cast<float>(10 * i);
  const Tensor x = tensor_of(fixture.pool(), {2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(result_of(fixture, layer, x) == std::vector<float>{1, 12, 3, 14, 5, 16, 7, 18});
  std::ranges::fill(fixture.gradients()[0].floats(), 9.0f);
  Saved saved;
  layer.backward_input(fixture.context(), fixture.copy(x), saved);
  layer.backward_weight(fixture.context(), saved);
  CHECK(values_of(fixture.gradients()[0]) == std::vector<float>{16, 20, 0, 0, 0, 0});
}

}  // namespace token_types_test
