#include <cstring>

#include "gradient_check.h"
#include "nn/attention.h"
#include "nn/embedding.h"
#include "nn/layer_norm.h"
#include "nn/linear.h"
#include "nn/mlp.h"

using namespace pipetrain;

TEST_CASE("Attention's gradients agree with finite differences") {
  Attention causal("layers.1.attention", {7, 12}, {.heads = 3});
  check_gradients(causal, 2);
  Attention full("layers.1.attention", {5, 16}, {.heads = 2, .causal = false});
  check_gradients(full, 3);
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
  Mlp layer("layers.2.mlp", {5, 12}, {});
  check_gradients(layer, 3);
}

TEST_CASE("Layer norm's gradients agree with finite differences") {
  LayerNorm layer("layers.3.layer_norm", {5, 24});
  check_gradients(layer, 3);
}

TEST_CASE("A linear layer's gradients agree with finite differences, with and without bias") {
  Linear with("layers.4.linear", {5, 12}, {.features = 7});
  check_gradients(with, 3);
  Linear without("layers.4.linear", {12}, {.features = 9, .bias = false});
  check_gradients(without, 4);
}

TEST_CASE("The embedding's gradients agree with finite differences") {
  Embedding layer("layers.0.embedding", 5, {.vocabulary = 11, .width = 6, .context = 8});
  LayerFixture fixture(layer);
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
