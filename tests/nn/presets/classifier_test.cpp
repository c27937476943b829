#include <string>
#include <vector>

#include "catch.h"
#include "nn/layers/described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace classifier_test {

TEST_CASE("The classifier preset ends with one row of classes for each sequence") {
  const DataShape data{.row = {32}, .vocabulary = 100, .classes = 10};
  const auto layers =
      build_layers({.preset = "classifier", .depth = 2, .heads = 4, .width = 32}, data);
  REQUIRE(layers.size() == 12);
  CHECK(layers[1]->parameters()[0].shape == Shape{32, 32, 3});
  CHECK(layers[11]->output_row() == Shape{10});
}

TEST_CASE("A classifier sees the whole text, and may have more classes than the data") {
  const DataShape data{.row = {32}, .vocabulary = 100, .classes = 10};
  ModelConfig config{.preset = "classifier", .depth = 1, .heads = 4, .width = 32};
  config.classes = 12;
  const auto layers = build_layers(config, data);
  CHECK(layers[0]->parameters().size() == 1);  // convolutions know the order: no positions
  CHECK(layers[5]->attends());
  CHECK(layers[5]->reach() == Reach::kRow);
  CHECK(layers.back()->outputs() == 12);
}

}  // namespace classifier_test
