#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace patch_embedding_test {

namespace {

LayerList embedded(std::vector<std::pair<std::string, std::string>> options) {
  options.insert(options.end(), {{"patch", "2"}, {"width", "5"}});
  return build_layers({.layers = {told_entry("patch_embedding", std::move(options))}},
                      images(4, 0));
}

}  // namespace

TEST_CASE("A patch embedding is patches and a position for each, as tokens") {
  const LayerList layers = embedded({});
  REQUIRE(layers.size() == 2);
  CHECK(layers[0]->name() == "layers.0.patches");
  CHECK(layers[1]->name() == "layers.1.positions");
  CHECK(layers[1]->output_row() == Shape{4, 5});
  CHECK(layers[1]->parameters()[0].shape == Shape{4, 5});
}

TEST_CASE("Both layers of a patch embedding read its options") {
  CHECK_NOTHROW(embedded({{"dropout", "0.5"}}));
  CHECK_THROWS_WITH(embedded({{"dropuot", "0.5"}}),
                    ContainsSubstring("unknown option 'dropuot'; did you mean 'dropout'?"));
}

}  // namespace patch_embedding_test
