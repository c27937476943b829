#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "nn/layers/described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace vit_test {

namespace {

std::int64_t count(const ModelConfig& config, const DataShape& data) {
  return parameter_count(build_layers(config, data));
}

}  // namespace

TEST_CASE("A vision transformer has its published number of parameters") {
  // Of ViT-B/16: without class token and its position, with the head (Dosovitskiy et al., table 1).
  CHECK(count({.preset = "vit", .depth = 12, .heads = 12, .width = 768, .patch = 16},
              images(224, 1000)) == 86567656 - 2 * 768);
}

TEST_CASE("A vision transformer sees all patches at once, and ends with the mean over them") {
  const ModelConfig config{.preset = "vit", .depth = 2, .heads = 2, .width = 8, .patch = 4};
  const auto layers = build_layers(config, images(16, 10));
  REQUIRE(layers.size() == 2 + 2 * 2 + 3);
  CHECK(layers[1]->output_row() == Shape{16, 8});
  CHECK(layers[2]->reach() == Reach::kRow);
  CHECK(layers[7]->output_row() == Shape{8});
  CHECK(layers[8]->output_row() == Shape{10});
}

}  // namespace vit_test
