#include "nn/layers/class_token.h"

#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace class_token_test {

TEST_CASE("A class token's gradients agree with finite differences, before pixels and tokens") {
  ClassToken image("layers.1.class_token", {2, 3, 4});
  check_gradients(image, 3);
  CHECK(image.output_row() == Shape{7, 4});
  CHECK(image.reach() == Reach::kRow);
  ClassToken sequence("layers.1.class_token", {5, 4});
  check_gradients(sequence, 2);
  CHECK(sequence.output_row() == Shape{6, 4});
}

TEST_CASE("A class token stands before the pixels of each row") {
  ClassToken layer("layers.1.class_token", {1, 2, 2});
  REQUIRE(layer.parameters().size() == 1);
  CHECK(layer.parameters()[0].name == "layers.1.class_token.weight");
  CHECK(!layer.parameters()[0].decays());
  LayerFixture fixture(layer);
  fixture.values()[0].f32()[0] = 70;
  fixture.values()[0].f32()[1] = 80;
  const Tensor x = tensor_of(fixture.pool(), {2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(result_of(fixture, layer, x) == std::vector<float>{70, 80, 1, 2, 3, 4, 70, 80, 5, 6, 7, 8});
}

}  // namespace class_token_test
