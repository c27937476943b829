#include <cstddef>
#include <string>
#include <vector>

#include "catch.h"
#include "described.h"
#include "gradient_check.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace patches_test {

namespace {

LayerList patches(const std::string& patch) {
  return build_layers({.layers = {told_entry("patches", {{"patch", patch}, {"width", "5"}})}},
                      images(4, 0));
}

}  // namespace

TEST_CASE("Each patch of an image is a pixel of the given width, of its own pixels alone") {
  const LayerList layers = patches("2");
  Layer& layer = *layers.front();
  CHECK(layer.name() == "layers.0.patches");
  CHECK(layer.output_row() == Shape{2, 2, 5});
  CHECK(layer.parameters()[0].shape == Shape{5, 3, 2, 2});
  LayerFixture fixture(layer);
  Tensor x = fixture.random({1, 4, 4, 3}, "x");
  const std::vector<float> before = result_of(fixture, layer, x);
  x.f32()[(1 * 4 + 2) * 3] += 1;  // row 1, column 2: of the second patch
  const std::vector<float> after = result_of(fixture, layer, x);
  for (std::size_t i = 0; i < 20; ++i) {
    INFO(i);
    CHECK((before[i] != after[i]) == (i / 5 == 1));
  }
}

TEST_CASE("Patches that divide one side of an image alone are refused") {
  const DataShape wide{.row = {4, 6, 3}, .dtype = DType::kFloat32};
  const ModelConfig config{.layers = {told_entry("patches", {{"patch", "4"}, {"width", "5"}})}};
  CHECK_THROWS_WITH(build_layers(config, wide), ContainsSubstring("the image (4, 6, 3)"));
}

TEST_CASE("Patches that do not divide the image are refused") {
  for (const char* patch : {"3", "8"}) {
    CHECK_THROWS_WITH(patches(patch), std::string("model.yaml:7: patches: patch ") + patch +
                                          " does not divide the image (4, 4, 3)");
  }
}

}  // namespace patches_test
