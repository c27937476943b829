#include "nn/layers/flatten.h"

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace flatten_test {

TEST_CASE("Flattening keeps the numbers in their order, and gives gradients their shape back") {
  Flatten layer("layers.1.flatten", {3, 4, 5});
  CHECK(layer.output_row() == Shape{60});
  check_gradients(layer, 2);
  LayerFixture fixture(layer);
  const Tensor x = fixture.random({2, 3, 4, 5}, "x");
  CHECK(result_of(fixture, layer, x) == values_of(x));
  Saved saved;
  const Tensor dx = layer.backward_input(fixture.context(), fixture.random({2, 60}, "dy"), saved);
  CHECK(dx.shape() == Shape{2, 3, 4, 5});
}

}  // namespace flatten_test
