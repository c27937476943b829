#include "nn/layers/positions.h"

#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace positions_test {

TEST_CASE("Positions keep their gradients, and make a token of each pixel") {
  Positions image("layers.1.positions", {2, 3, 4}, {});
  check_gradients(image, 3);
  CHECK(image.output_row() == Shape{6, 4});
  CHECK(image.reach() == Reach::kRow);
  Positions sequence("layers.1.positions", {6, 4}, {});
  check_gradients(sequence, 3);
  CHECK(sequence.reach() == Reach::kToken);
}

TEST_CASE("Each place of every row has its own position added") {
  Positions layer("layers.1.positions", {2, 1, 2}, {});
  LayerFixture fixture(layer);
  const Tensor x = tensor_of(fixture.pool(), {2, 2, 1, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  for (int i = 0; i < 4; ++i) fixture.values()[0].f32()[i] = static_cast<float>(10 * i);
  CHECK(result_of(fixture, layer, x) == std::vector<float>{1, 12, 23, 34, 5, 16, 27, 38});
}

TEST_CASE("Tokens that come in parts have the positions from the first of them on") {
  Positions layer("layers.1.positions", {3, 1}, {});
  LayerFixture fixture(layer);
  for (int i = 0; i < 3; ++i) fixture.values()[0].f32()[i] = static_cast<float>(10 * i);
  Context context = fixture.context();
  context.mode = Mode::kEvaluate;
  context.in_parts = true;
  context.first_token = 2;
  Saved saved;
  const Tensor y = layer.forward(context, tensor_of(fixture.pool(), {1, 1, 1}, {5}), saved);
  CHECK(values_of(y) == std::vector<float>{25});
}

}  // namespace positions_test
