#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "described.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace {

LayerList block(const std::vector<std::pair<std::string, std::string>>& options) {
  const DataShape data{.row = {6, 8}, .dtype = DType::kFloat32};
  return build_layers({.layers = {entry("transformer_block", options)}}, data);
}

}  // namespace

TEST_CASE("A transformer block is two layers, which read one list of options") {
  const LayerList layers =
      block({{"heads", "2"}, {"mlp_width", "20"}, {"norm", "rms_norm"}, {"bias", "false"}});
  REQUIRE(layers.size() == 2);
  CHECK(layers[0]->name() == "layers.0.attention");
  CHECK(layers[0]->attends());
  CHECK(layers[1]->name() == "layers.1.mlp");
  CHECK(layers[1]->parameters()[1].shape == Shape{20, 8});
  for (const auto& layer : layers) {
    CHECK(layer->parameters().size() == 3);  // the norm's weight and two products'
    CHECK(layer->output_row() == Shape{6, 8});
  }
}

TEST_CASE("An option that neither half of a block knows is refused beside the nearest of both") {
  CHECK_THROWS_WITH(block({{"heads", "2"}, {"mlp_widht", "20"}}),
                    "model.yaml:7: transformer_block: unknown option 'mlp_widht'; did you mean "
                    "'mlp_width'?");
  CHECK_THROWS_WITH(block({{"heads", "2"}, {"causl", "true"}}), ContainsSubstring("'causal'"));
}
