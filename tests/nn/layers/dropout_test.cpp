#include "nn/layers/dropout.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"
#include "nn/layers/attention.h"
#include "nn/layers/mlp.h"
#include "nn/layers/positions.h"

using namespace pipetrain;

namespace dropout_test {

TEST_CASE("Dropout keeps its share, scales it, and depends on the global row alone") {
  Dropout layer("layers.1.dropout", {5, 13}, 0.25);
  check_gradients(layer, 4, Mode::kTrain);
  LayerFixture fixture(layer);
  auto masked = [&](std::int64_t first_row, std::int64_t rows, std::int64_t step) {
    Context context = fixture.context();
    context.first_row = first_row;
    context.step = step;
    Saved saved;
    Tensor ones(fixture.pool(), {rows, 5, 13});
    std::fill(ones.floats().begin(), ones.floats().end(), 1.0f);
    return values_of(layer.forward(context, std::move(ones), saved));
  };
  const std::vector<float> whole = masked(0, 40, 7);
  const auto kept = std::count(whole.begin(), whole.end(), 1.0f / 0.75f);
  CHECK(kept + std::count(whole.begin(), whole.end(), 0.0f) == 40 * 65);
  CHECK(static_cast<double>(kept) == Approx(0.75 * 40 * 65).epsilon(0.05));
  const std::vector<float> later = masked(30, 10, 7);
  CHECK(std::equal(later.begin(), later.end(), whole.begin() + 30 * 65));
  CHECK(masked(0, 40, 8) != whole);

  Context evaluate = fixture.context();
  evaluate.mode = Mode::kEvaluate;
  Saved saved;
  Tensor x = fixture.random({2, 5, 13}, "x");
  const std::vector<float> before = values_of(x);
  const Tensor y = layer.forward(evaluate, std::move(x), saved);
  CHECK(values_of(y) == before);
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

}  // namespace dropout_test
