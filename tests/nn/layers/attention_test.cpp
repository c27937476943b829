#include "nn/layers/attention.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace attention_test {

TEST_CASE("Attention's gradients agree with finite differences") {
  Attention causal("layers.1.attention", {7, 12}, {.heads = 3});
  check_gradients(causal, 2);
  Attention full("layers.1.attention", {5, 16}, {.heads = 2, .causal = false});
  check_gradients(full, 3);
}

TEST_CASE("Attention's gradients agree with finite differences for each option, and for all") {
  const Shape row{7, 12};
  const auto rotary = std::make_shared<RotaryTable>(RotaryAngles{7, 4, 100.0});
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

TEST_CASE("Attention's gradients agree with finite differences for options of newer families") {
  const Shape row{7, 12};
  const auto part = std::make_shared<RotaryTable>(RotaryAngles{7, 4, 100.0});
  const AttentionOptions choices[] = {
      {.heads = 3, .window = 3},
      {.heads = 3, .score_width = 2, .score_cap = 1},
      {.heads = 2, .kv_heads = 1, .head_width = 8, .rotary = part},
      {.heads = 4, .kv_heads = 2, .head_norms = true},
      {.heads = 3, .norm = NormKind::kRms, .norm_behind = true},
      {.heads = 3, .residual = false},
      {.heads = 3, .causal = false, .norm = NormKind::kNone},
      {.heads = 3, .norm = NormKind::kRms, .bias = false, .qkv_bias = true},
      {.heads = 3,
       .kv_heads = 1,
       .head_width = 6,
       .window = 4,
       .score_cap = 2,
       .head_norms = true,
       .norm = NormKind::kRms,
       .bias = false,
       .norm_behind = true,
       .rotary = part}};
  for (const AttentionOptions& options : choices) {
    INFO("choice " << &options - choices);
    Attention layer("layers.1.attention", row, options);
    check_gradients(layer, 2);
  }
}

TEST_CASE("Tokens behind the window are not seen") {
  Attention layer("layers.1.attention", {6, 8}, {.heads = 2, .window = 3});
  LayerFixture fixture(layer);
  Tensor x = fixture.random({1, 6, 8}, "x");
  Saved saved;
  const Tensor before = layer.forward(fixture.context(), fixture.copy(x), saved);
  for (int c = 0; c < 8; ++c) x.f32()[c] += 1;  // token 0
  const Tensor after = layer.forward(fixture.context(), fixture.copy(x), saved);
  CHECK(std::equal(before.f32() + 3 * 8, before.f32() + 6 * 8, after.f32() + 3 * 8));
  CHECK(!std::equal(before.f32() + 2 * 8, before.f32() + 3 * 8, after.f32() + 2 * 8));
}

TEST_CASE("What fills up a row changes nothing of the row's own tokens, and no gradient") {
  Attention layer("layers.1.attention", {6, 8}, {.heads = 2, .causal = false});
  CHECK(layer.separates_documents());
  Attention short_layer("layers.1.attention", {4, 8}, {.heads = 2, .causal = false});
  LayerFixture fixture(layer), of_short(short_layer);
  const std::vector<std::int32_t> starts = {0, 0, 0, 0, 4, 4, 0, 0, 0, 0, 0, 0};
  const auto run = [&](float filling) {
    Tensor x = fixture.random({2, 6, 8}, "x");
    Tensor dy = fixture.random({2, 6, 8}, "dy");
    for (int i = 4 * 8; i < 6 * 8; ++i) x.f32()[i] = filling;
    for (int i = 4 * 8; i < 6 * 8; ++i) dy.f32()[i] = 0;
    Context context = fixture.context();
    context.document_starts = starts.data();
    Saved saved;
    std::vector<std::vector<float>> made = {values_of(layer.forward(context, std::move(x), saved))};
    made.push_back(values_of(layer.backward_input(context, std::move(dy), saved)));
    layer.backward_weight(context, saved);
    for (const Tensor& gradient : fixture.gradients()) made.push_back(values_of(gradient));
    for (std::size_t i = 0; i < 2; ++i) std::fill_n(made[i].begin() + 4 * 8, 2 * 8, 0.0f);
    return made;
  };
  const auto made = run(1);
  CHECK(run(-3) == made);
  Tensor first(fixture.pool(), {1, 4, 8});
  const Tensor x = fixture.random({2, 6, 8}, "x");
  std::copy_n(x.f32(), 4 * 8, first.f32());
  const std::vector<float> alone = result_of(of_short, short_layer, first);
  for (std::size_t i = 0; i < alone.size(); ++i) {
    REQUIRE(made[0][i] == Approx(alone[i]).margin(1e-6));
  }
}

TEST_CASE("A head's norm makes the size of queries and keys no matter") {
  Attention layer("a", {5, 8}, {.heads = 2, .head_norms = true});
  LayerFixture fixture(layer);
  REQUIRE(layer.parameters().back().name == "a.key_norm.weight");
  const Tensor x = fixture.random({1, 5, 8}, "x", 3.0f);
  const std::vector<float> before = result_of(fixture, layer, x);
  Tensor &weight = fixture.values()[2], &bias = fixture.values()[3];
  for (int i = 0; i < 16 * 8; ++i) weight.f32()[i] *= 50;  // of queries and keys, not of values
  for (int i = 0; i < 16; ++i) bias.f32()[i] *= 50;
  const std::vector<float> after = result_of(fixture, layer, x);
  for (std::size_t i = 0; i < before.size(); ++i) {
    REQUIRE(after[i] == Approx(before[i]).margin(1e-3));
  }
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
  const auto rotary = std::make_shared<RotaryTable>(RotaryAngles{16, 4, 10000.0});
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
  CHECK(std::equal(before.f32(), before.f32() + 32, after.f32()));
  CHECK(!std::equal(before.f32() + 32, before.f32() + 40, after.f32() + 32));
}

namespace {

// One row (T, C), RMS norm and no biases; head h reads the keys and values of head h / (H / G).
std::vector<double> plain_attention(const std::vector<Tensor>& weights, const Tensor& x,
                                    std::size_t heads, std::size_t kv_heads, bool causal) {
  const auto tokens = static_cast<std::size_t>(x.shape()[1]),
             width = static_cast<std::size_t>(x.shape()[2]);
  const std::size_t head_width = width / heads, all = (heads + 2 * kv_heads) * head_width;
  const auto at = [](const Tensor& tensor, std::size_t i) {
    return static_cast<double>(tensor.f32()[i]);
  };
  std::vector<double> qkv, y;
  for (std::size_t t = 0; t < tokens; ++t) {
    double squares = 0;
    for (std::size_t c = 0; c < width; ++c) squares += at(x, t * width + c) * at(x, t * width + c);
    const double rstd = 1 / std::sqrt(squares / static_cast<double>(width) + 1e-5);
    for (std::size_t o = 0; o < all; ++o) {
      double sum = 0;
      for (std::size_t c = 0; c < width; ++c) {
        sum += at(x, t * width + c) * rstd * at(weights[0], c) * at(weights[1], o * width + c);
      }
      qkv.push_back(sum);
    }
  }
  std::vector<double> mixed(tokens * width, 0);
  for (std::size_t h = 0; h < heads; ++h) {
    const std::size_t group = h / (heads / kv_heads);
    const auto entry = [&](std::size_t t, std::size_t head, std::size_t d) {
      return qkv[t * all + head * head_width + d];
    };
    for (std::size_t t = 0; t < tokens; ++t) {
      std::vector<double> shares;
      double total = 0;
      for (std::size_t s = 0; s < (causal ? t + 1 : tokens); ++s) {
        double score = 0;
        for (std::size_t d = 0; d < head_width; ++d)
          score += entry(t, h, d) * entry(s, heads + group, d);
        shares.push_back(std::exp(score / std::sqrt(static_cast<double>(head_width))));
        total += shares.back();
      }
      for (std::size_t s = 0; s < shares.size(); ++s) {
        for (std::size_t d = 0; d < head_width; ++d) {
          mixed[t * width + h * head_width + d] +=
              shares[s] / total * entry(s, heads + kv_heads + group, d);
        }
      }
    }
  }
  for (std::size_t t = 0; t < tokens; ++t) {
    for (std::size_t o = 0; o < width; ++o) {
      double sum = at(x, t * width + o);
      for (std::size_t c = 0; c < width; ++c) {
        sum += mixed[t * width + c] * at(weights[2], o * width + c);
      }
      y.push_back(sum);
    }
  }
  return y;
}

}  // namespace

TEST_CASE("Attention is a softmax over scores, head by head, as a plain loop has it") {
  for (const bool causal : {true, false}) {
    for (const std::int64_t kv_heads : {6, 3, 1}) {
      Attention layer("a", {5, 12},
                      {.heads = 6,
                       .kv_heads = kv_heads,
                       .causal = causal,
                       .norm = NormKind::kRms,
                       .bias = false});
      LayerFixture fixture(layer);
      const Tensor x = fixture.random({1, 5, 12}, "x");
      INFO(causal << " " << kv_heads);
      check_near(
          result_of(fixture, layer, x),
          plain_attention(fixture.values(), x, 6, static_cast<std::size_t>(kv_heads), causal));
    }
  }
}

}  // namespace attention_test
