// What a layer forgets and makes again has the same bits, so backward gives the same.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"
#include "nn/layers/attention.h"
#include "nn/layers/mlp.h"
#include "nn/layers/model.h"
#include "ops/bfloat16.h"

using namespace pipetrain;

namespace remade_parts_test {

namespace {

constexpr std::int64_t kTokens = 6, kWidth = 16, kRows = 3;

std::string bytes_of(const Tensor& tensor) {
  return {static_cast<const char*>(tensor.data()), tensor.bytes()};
}

// The bytes of dx and of all gradients, with these parts forgotten in between.
std::vector<std::string> backward_bytes(Layer& layer, DType dtype, std::uint32_t parts) {
  layer.set_precision({.activations = dtype});
  LayerFixture fixture(layer);
  const Context context = fixture.context();
  const auto random = [&](const char* name) {
    return converted(context.ops, fixture.random(layer.input_row().batched(kRows), name), dtype);
  };
  Saved saved;
  const Tensor y = layer.forward(context, random("x"), saved);
  const std::size_t count = layer.remade_parts().size(), kept = fixture.pool().used_bytes();
  for (std::size_t part = 0; part < count; ++part) {
    if (((parts >> part) & 1U) != 0) layer.forget(part, saved);
  }
  CHECK((fixture.pool().used_bytes() < kept) == (parts != 0));
  for (std::size_t part = 0; part < count; ++part) {
    if (((parts >> part) & 1U) != 0) layer.remake(context, part, saved);
  }
  CHECK(fixture.pool().used_bytes() == kept);
  const Tensor dx = layer.backward_input(context, random("dy"), saved);
  layer.backward_weight(context, saved);
  std::vector<std::string> bytes = {bytes_of(dx)};
  for (const Tensor& gradient : fixture.gradients()) bytes.push_back(bytes_of(gradient));
  return bytes;
}

void check_parts(Layer& layer) {
  const auto sets = 1U << layer.remade_parts().size();
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    const auto kept = backward_bytes(layer, dtype, 0);
    for (std::uint32_t parts = 1; parts < sets; ++parts) {
      INFO(layer.name() << ", parts " << parts << ", " << name_of(dtype));
      CHECK(backward_bytes(layer, dtype, parts) == kept);
    }
  }
}

}  // namespace

TEST_CASE("Attention makes queries, keys, values and its output again") {
  const auto rotary = std::make_shared<RotaryTable>(RotaryAngles{kTokens, kWidth / 4, 10000});
  const AttentionOptions choices[] = {
      {.heads = 4},
      {.heads = 4, .kv_heads = 2, .norm = NormKind::kRms, .bias = false, .rotary = rotary},
      {.heads = 4, .causal = false, .dropout = 0.3, .weights_dropout = 0.2},
      {.heads = 4, .causal = false, .norm = NormKind::kNone},
      {.heads = 4,
       .kv_heads = 2,
       .window = 3,
       .score_cap = 2,
       .head_norms = true,
       .norm_behind = true,
       .rotary = rotary}};
  for (const AttentionOptions& options : choices) {
    Attention layer("layers.1.attention", {kTokens, kWidth}, options);
    REQUIRE(layer.remade_parts().size() == 2);
    check_parts(layer);
    double flop = 0;
    for (const RemadePart& part : layer.remade_parts()) flop += part.flop;
    CHECK(flop == layer.forward_flop() - 2.0 * kTokens * kWidth * kWidth);  // but the projection
  }
}

TEST_CASE("An MLP makes again what its activation takes") {
  for (const auto& activation : kMlpActivations) {
    Mlp layer("layers.2.mlp", {kTokens, kWidth},
              {.hidden = 24, .activation = activation.value, .dropout = 0.1});
    REQUIRE(layer.remade_parts().size() == 1);
    check_parts(layer);
    const RemadePart part = layer.remade_parts().front();
    CHECK(part.flop == layer.forward_flop() - 2.0 * kTokens * kWidth * 24);  // but `down`
    const bool gated = is_gated(activation.value);
    CHECK(part.elements == kTokens * 24 * (gated ? 2 : 1));
  }
}

TEST_CASE("Attention and MLP in parallel make the parts of both again") {
  const LayerEntry block{"transformer_block", "", {{"heads", "4"}, {"parallel", "true"}}, {}};
  const LayerList layers =
      build_layers({.layers = {block}}, {.row = {kTokens, kWidth}, .dtype = DType::kFloat32});
  REQUIRE(layers.size() == 1);
  CHECK(layers[0]->remade_parts().size() == 3);
  CHECK(layers[0]->attends());
  check_parts(*layers[0]);
}

}  // namespace remade_parts_test
