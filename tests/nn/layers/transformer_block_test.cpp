#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "described.h"
#include "gradient_check.h"
#include "nn/layers/model.h"

using namespace pipetrain;

namespace transformer_block_test {

namespace {

LayerList block(const std::vector<std::pair<std::string, std::string>>& options) {
  const DataShape data{.row = {6, 8}, .dtype = DType::kFloat32};
  return build_layers({.layers = {told_entry("transformer_block", options)}}, data);
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

TEST_CASE("A block in parallel adds attention and MLP of its input, and is one layer") {
  const LayerList parts = block({{"heads", "2"}, {"mlp_ratio", "2"}});
  const LayerList whole = block({{"heads", "2"}, {"mlp_ratio", "2"}, {"parallel", "true"}});
  REQUIRE(whole.size() == 1);
  CHECK(whole[0]->kind() == "transformer_block");
  CHECK(whole[0]->attends());
  CHECK(whole[0]->group_sums().count == 4);
  CHECK(whole[0]->forward_flop() == parts[0]->forward_flop() + parts[1]->forward_flop());
  check_gradients(*whole[0], 2);
  LayerFixture fixture(*whole[0]), attention(*parts[0]), mlp(*parts[1]);
  const Tensor x = fixture.random({2, 6, 8}, "x");
  const auto take = [&](LayerFixture& to, Layer& layer, const std::string& kind) {
    for (std::size_t p = 0; p < layer.parameters().size(); ++p) {
      const std::string own = layer.parameters()[p].name;
      const std::string end = own.substr(own.find(kind));
      for (std::size_t q = 0; q < whole[0]->parameters().size(); ++q) {
        if (!whole[0]->parameters()[q].name.ends_with(end)) continue;
        std::copy(fixture.values()[q].floats().begin(), fixture.values()[q].floats().end(),
                  to.values()[p].f32());
      }
    }
    return result_of(to, layer, x);
  };
  const std::vector<float> a = take(attention, *parts[0], "attention."),
                           m = take(mlp, *parts[1], "mlp."),
                           both = result_of(fixture, *whole[0], x);
  for (std::size_t i = 0; i < both.size(); ++i) {
    REQUIRE(both[i] == Approx(a[i] + m[i] - x.f32()[i]).margin(1e-5));
  }
}

}  // namespace transformer_block_test
