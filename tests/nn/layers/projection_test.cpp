#include "nn/layers/projection.h"

#include <string>
#include <utility>

#include "catch.h"
#include "described.h"

using namespace pipetrain;

namespace projection_test {

namespace {

LayerList projection(const Shape& from, const Shape& to) {
  const LayerEntry block = told_entry("residual");
  return make_projection("r.skip.", from, to, Starts(), LayerOptions(block));
}

}  // namespace

TEST_CASE("A projection is a convolution of kernel 1 without bias, and a batch norm") {
  const LayerList image = projection({8, 4, 3}, {4, 4, 6});  // strides 2 and 1
  REQUIRE(image.size() == 2);
  CHECK(image[0]->name() == "r.skip.0.conv2d");
  REQUIRE(image[0]->parameters().size() == 1);
  CHECK(image[0]->parameters()[0].shape == Shape{6, 3, 1, 1});
  CHECK(image[0]->output_row() == Shape{4, 4, 6});
  CHECK(image[1]->name() == "r.skip.1.batch_norm");
  const LayerList sequence = projection({9, 3}, {5, 4});
  CHECK(sequence[0]->name() == "r.skip.0.conv1d");
  CHECK(sequence[0]->parameters()[0].shape == Shape{4, 3, 1});
  CHECK(sequence[1]->output_row() == Shape{5, 4});
}

TEST_CASE("Where no stride leads from one size to the other there is no projection") {
  for (const auto& [from, to] : {std::pair<Shape, Shape>{{8, 8, 3}, {5, 5, 3}},
                                 {{8, 8, 3}, {8, 3}},
                                 {{8}, {4}},
                                 {{4, 4, 3}, {8, 8, 3}}}) {
    INFO(from.text() << " " << to.text());
    CHECK_THROWS_WITH(projection(from, to),
                      "model.yaml:7: residual: no convolution of kernel 1 projects " + from.text() +
                          " to the layers' " + to.text());
  }
}

}  // namespace projection_test
