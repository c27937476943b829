#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

#include "gradient_check.h"
#include "nn/layers/attention.h"
#include "nn/layers/embedding.h"
#include "nn/layers/linear.h"
#include "nn/layers/mlp.h"
#include "nn/layers/norm_layer.h"
#include "nn/layers/positions.h"
#include "nn/layers/residual.h"

using namespace pipetrain;

TEST_CASE("Attention's gradients agree with finite differences") {
  Attention causal("layers.1.attention", {7, 12}, {.heads = 3});
  check_gradients(causal, 2);
  Attention full("layers.1.attention", {5, 16}, {.heads = 2, .causal = false});
  check_gradients(full, 3);
}

TEST_CASE("Attention's gradients agree with finite differences for each option, and for all") {
  const Shape row{7, 12};
  const auto rotary = std::make_shared<RotaryTable>(7, 4, 100.0);
  const AttentionOptions choices[] = {
      {.heads = 3, .norm = NormKind::kRms},
      {.heads = 3, .bias = false},
      {.heads = 3, .rotary = rotary},
      {.heads = 3, .kv_heads = 1},
      {.heads = 6, .kv_heads = 2, .causal = false},
      {.heads = 3, .kv_heads = 1, .norm = NormKind::kRms, .bias = false, .rotary = rotary}};
  for (const AttentionOptions& options : choices) {
    INFO("choice " << &options - choices);
    Attention layer("layers.1.attention", row, options);
    check_gradients(layer, 2);
  }
}

TEST_CASE("Gradients with dropout agree with finite differences, and evaluation drops nothing") {
  Attention attention("layers.1.attention", {7, 12}, {.heads = 3, .dropout = 0.3});
  Attention grouped("layers.1.attention", {40, 12},
                    {.heads = 6, .kv_heads = 2, .causal = false, .dropout = 0.5, .bias = false});
  Mlp mlp("layers.2.mlp", {5, 12}, {.hidden = 48, .dropout = 0.3});
  Mlp gated("layers.2.mlp", {5, 12},
            {.hidden = 30, .activation = MlpActivation::kSwiGlu, .dropout = 0.3});
  Positions positions("layers.1.positions", {2, 3, 4}, {}, 0.3);
  Attention attention_without("layers.1.attention", {7, 12}, {.heads = 3});
  Mlp mlp_without("layers.2.mlp", {5, 12}, {.hidden = 48});
  for (Layer* layer :
       std::initializer_list<Layer*>{&attention, &grouped, &mlp, &gated, &positions}) {
    INFO(layer->name());
    check_gradients(*layer, 3, Mode::kTrain);
  }
  const std::pair<Layer*, Layer*> pairs[] = {{&attention, &attention_without},
                                             {&mlp, &mlp_without}};
  for (const auto& [with, without] : pairs) {
    const auto result = [](Layer& layer, Mode mode) {
      LayerFixture fixture(layer);
      Context context = fixture.context();
      context.mode = mode;
      Saved saved;
      const Tensor y =
          layer.forward(context, fixture.random(layer.input_row().batched(3), "x"), saved);
      return std::vector<float>(y.floats().begin(), y.floats().end());
    };
    CHECK(result(*with, Mode::kEvaluate) == result(*without, Mode::kEvaluate));
    CHECK(result(*with, Mode::kTrain) != result(*without, Mode::kTrain));
  }
}

TEST_CASE("Layers with norms find their parameters inside of a residual block, too") {
  LayerList layers;
  layers.push_back(std::make_unique<Attention>("layers.1.residual.0.attention", Shape{5, 8},
                                               AttentionOptions{.heads = 2}));
  layers.push_back(
      std::make_unique<NormLayer>("layers.1.residual.1.rms_norm", Shape{5, 8}, NormKind::kRms));
  Residual residual("layers.1.residual", {5, 8}, std::move(layers), {}, false);
  check_gradients(residual, 2);
}

TEST_CASE("Attention has the parameters that its options ask for") {
  const Attention layer("a", {7, 12},
                        {.heads = 6, .kv_heads = 2, .norm = NormKind::kRms, .bias = false});
  REQUIRE(layer.parameters().size() == 3);
  CHECK(layer.parameters()[0].name == "a.norm.weight");
  CHECK(layer.parameters()[1].shape == Shape{20, 12});  // (6 + 2 * 2) heads of 2
  CHECK(layer.parameters()[2].shape == Shape{12, 12});
  CHECK(layer.forward_flop() == 7 * (2 * 12 * (20 + 12) + 2 * 7 * 12));
}

TEST_CASE("As many heads of keys and values as of queries are plain attention, to the last bit") {
  Attention plain("layers.1.attention", {6, 8}, {.heads = 4});
  Attention grouped("layers.1.attention", {6, 8}, {.heads = 4, .kv_heads = 4});
  LayerFixture fixtures[] = {LayerFixture(plain), LayerFixture(grouped)};
  std::vector<Tensor> results[2];  // their memory is the fixtures'
  for (const int i : {0, 1}) {
    LayerFixture& fixture = fixtures[i];
    Layer& layer = i == 0 ? static_cast<Layer&>(plain) : grouped;
    Saved saved;
    results[i].push_back(layer.forward(fixture.context(), fixture.random({2, 6, 8}, "x"), saved));
    results[i].push_back(
        layer.backward_input(fixture.context(), fixture.random({2, 6, 8}, "dy"), saved));
    layer.backward_weight(fixture.context(), saved);
    for (const Tensor& gradient : fixture.gradients()) results[i].push_back(fixture.copy(gradient));
  }
  REQUIRE(results[0].size() == results[1].size());
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    REQUIRE(results[0][i].bytes() == results[1][i].bytes());
    CHECK(std::memcmp(results[0][i].data(), results[1][i].data(), results[0][i].bytes()) == 0);
  }
}

TEST_CASE("Rotary positions turn queries and keys, not values; without them order does not count") {
  const auto rotary = std::make_shared<RotaryTable>(16, 4, 10000.0);
  Attention turned("a", {3, 8}, {.heads = 2, .causal = false, .rotary = rotary});
  Attention plain("a", {3, 8}, {.heads = 2, .causal = false});
  for (const bool with : {true, false}) {
    Layer& layer = with ? static_cast<Layer&>(turned) : plain;
    LayerFixture fixture(layer);
    Saved saved;
    const Tensor x = fixture.random({1, 3, 8}, "x");
    Tensor equal = fixture.copy(x), swapped = fixture.copy(x);
    for (int t = 1; t < 3; ++t) std::memcpy(equal.f32() + t * 8, equal.f32(), 32);
    std::swap_ranges(swapped.f32(), swapped.f32() + 8, swapped.f32() + 8);
    auto forward = [&](const Tensor& from) {
      return layer.forward(fixture.context(), fixture.copy(from), saved);
    };
    const Tensor same = forward(equal), one = forward(x), other = forward(swapped);
    float order = 0;  // how much the last token's result depends on the order of the two before
    for (int c = 0; c < 8; ++c) {
      CHECK(same.f32()[8 + c] == Approx(same.f32()[c]).margin(1e-5));
      CHECK(same.f32()[16 + c] == Approx(same.f32()[c]).margin(1e-5));
      order = std::max(order, std::fabs(one.f32()[16 + c] - other.f32()[16 + c]));
    }
    CHECK((order > 1e-3f) == with);
  }
}

TEST_CASE("Causal attention does not look ahead") {
  Attention layer("layers.1.attention", {6, 8}, {.heads = 2});
  LayerFixture fixture(layer);
  Tensor x = fixture.random({1, 6, 8}, "x");
  Saved saved;
  const Tensor before = layer.forward(fixture.context(), fixture.copy(x), saved);
  for (int c = 0; c < 8; ++c) x.f32()[4 * 8 + c] += 1;  // token 4
  const Tensor after = layer.forward(fixture.context(), fixture.copy(x), saved);
  CHECK(std::memcmp(before.f32(), after.f32(), 4 * 8 * sizeof(float)) == 0);
  CHECK(std::memcmp(before.f32() + 32, after.f32() + 32, 8 * sizeof(float)) != 0);
}

TEST_CASE("The MLP's gradients agree with finite differences") {
  Mlp layer("layers.2.mlp", {5, 12}, {.hidden = 48});
  check_gradients(layer, 3);
}

TEST_CASE("The MLP's gradients agree with finite differences for each option, and for all") {
  const MlpOptions choices[] = {
      {.hidden = 8, .activation = MlpActivation::kRelu},
      {.hidden = 30, .activation = MlpActivation::kSwiGlu},
      {.hidden = 20, .norm = NormKind::kRms},
      {.hidden = 20, .bias = false},
      {.hidden = 30, .activation = MlpActivation::kSwiGlu, .norm = NormKind::kRms, .bias = false}};
  for (const MlpOptions& options : choices) {
    INFO("choice " << &options - choices);
    Mlp layer("layers.2.mlp", {5, 12}, options);
    check_gradients(layer, 2);
  }
}

TEST_CASE("SwiGLU's gate and up are one matrix, and its work counts three") {
  const Mlp layer("m", {5, 12},
                  {.hidden = 32, .activation = MlpActivation::kSwiGlu, .bias = false});
  REQUIRE(layer.parameters().size() == 3);
  CHECK(layer.parameters()[0].name == "m.norm.weight");
  CHECK(layer.parameters()[1].name == "m.gate_up.weight");
  CHECK(layer.parameters()[1].shape == Shape{64, 12});
  CHECK(layer.parameters()[2].shape == Shape{12, 32});
  CHECK(layer.forward_flop() == 2 * 5 * 12 * 3 * 32);
}

TEST_CASE("RMS norm's gradients agree with finite differences") {
  NormLayer layer("layers.3.rms_norm", {5, 24}, NormKind::kRms);
  check_gradients(layer, 3);
  CHECK(layer.parameters().size() == 1);
}

TEST_CASE("Layer norm's gradients agree with finite differences") {
  NormLayer layer("layers.3.layer_norm", {5, 24}, NormKind::kLayer);
  check_gradients(layer, 3);
}

TEST_CASE("A linear layer's gradients agree with finite differences, with and without bias") {
  Linear with("layers.4.linear", {5, 12}, {.features = 7});
  check_gradients(with, 3);
  Linear without("layers.4.linear", {12}, {.features = 9, .bias = false});
  check_gradients(without, 4);
}

TEST_CASE("The embedding's gradients agree with finite differences") {
  const double rate = GENERATE(0.0, 0.4);
  Embedding layer("layers.0.embedding", 5,
                  {.vocabulary = 11, .width = 6, .context = 8, .dropout = rate});
  LayerFixture fixture(layer);
  fixture.set_objective_mode(Mode::kTrain);
  Tensor ids(fixture.pool(), {3, 5}, DType::kInt32);
  for (int i = 0; i < 15; ++i) ids.i32()[i] = i * 7 % 11;
  const Tensor dy = fixture.random({3, 5, 6}, "dy");
  for (const bool accumulate : {false, false}) {  // the second pass overwrites the first
    Saved saved;
    layer.forward(fixture.context(), fixture.copy(ids), saved);
    CHECK(layer.backward_input(fixture.context(), fixture.copy(dy), saved).empty());
    layer.backward_weight(fixture.context(accumulate), saved);
  }
  for (std::size_t p = 0; p < 2; ++p) {
    fixture.check_direction(fixture.values()[p], fixture.gradients()[p], ids, dy,
                            layer.parameters()[p].name);
  }
}
