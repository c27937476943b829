#include "catch.h"
#include "nn/layers/model.h"
#include "nn/models/decoder.h"

using namespace pipetrain;

namespace decoder_config_test {

TEST_CASE("Layers are built of the configuration that is written of a decoder") {
  Decoder model{.family = {.title = "A", .preset = "llama", .may = ~0U},
                .depth = 3,
                .heads = 2,
                .kv_heads = 1,
                .width = 8,
                .mlp_width = 12,
                .context = 4,
                .vocabulary = 5,
                .head_width = 6,
                .activation = MlpActivation::kGeGlu,
                .norm = NormKind::kRms,
                .bias = BranchBias::kNone,
                .norm_behind = true,
                .scaled_embedding = true,
                .rotary = true,
                .window = 2,
                .windowed = {true, false, true},
                .score_cap = 2,
                .logit_cap = 3};
  const LayerList layers = build_layers(model_config_of(model), {.row = {4}, .vocabulary = 5});
  REQUIRE(layers.size() == 9);
  CHECK(layers[1]->parameters().size() == 4);  // two norms and two products
  CHECK(layers[1]->forward_flop() < layers[3]->forward_flop());
  CHECK(layers[1]->forward_flop() == layers[5]->forward_flop());
}

}  // namespace decoder_config_test
