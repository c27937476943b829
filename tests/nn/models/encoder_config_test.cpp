#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "encoders.h"

using namespace pipetrain;

namespace encoder_config_test {

namespace {

std::vector<std::string> kinds_of(const LayerList& layers) {
  std::vector<std::string> kinds;
  for (const auto& layer : layers) kinds.push_back(layer->kind());
  return kinds;
}

}  // namespace

TEST_CASE("Images become patches behind a class token, whose place the head looks at") {
  Encoder model = small_vit();
  model.depth = 1;
  const LayerList layers = layers_of(model_config_of(model), model);
  CHECK(kinds_of(layers) == std::vector<std::string>{"patches", "class_token", "positions",
                                                     "attention", "mlp", "layer_norm",
                                                     "first_token", "linear"});
  CHECK(layers[2]->output_row() == Shape{10, 8});  // 3 x 3 patches and the class token
  CHECK(model.tokens() == 10);
  CHECK(layers.back()->output_row() == Shape{3});
}

TEST_CASE("Texts have norms behind each sum, and a product with tanh before the head") {
  Encoder model = small_bert();
  model.depth = 1;
  const LayerList layers = layers_of(model_config_of(model), model);
  CHECK(kinds_of(layers) == std::vector<std::string>{"embedding", "token_types", "layer_norm",
                                                     "dropout", "attention", "layer_norm", "mlp",
                                                     "layer_norm", "first_token", "linear", "tanh",
                                                     "dropout", "linear"});
  REQUIRE(layers[4]->parameters().size() == 4);  // two products, no norm
  CHECK(layers[0]->parameters()[1].whole == Shape{6, 8});
  CHECK(layers[9]->output_row() == Shape{8});
  for (const auto& layer : layers) CHECK(layer->separates_documents());
}

}  // namespace encoder_config_test
