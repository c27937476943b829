#include "nn/layers/embedding.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"

using namespace pipetrain;

namespace embedding_test {

TEST_CASE("The embedding's gradients agree with finite differences") {
  const double rate = GENERATE(0.0, 0.4);
  const bool scaled = GENERATE(false, true);
  Embedding layer("layers.0.embedding", 5,
                  {.vocabulary = 11, .width = 6, .context = 8, .scaled = scaled, .dropout = rate});
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

namespace {

Tensor ids_of(MemoryPool& pool, const std::vector<std::int32_t>& ids) {
  Tensor tensor(pool, {1, static_cast<std::int64_t>(ids.size())}, DType::kInt32);
  std::copy(ids.begin(), ids.end(), tensor.i32());
  return tensor;
}

}  // namespace

TEST_CASE("A token is its row of the table, and a position is added to it") {
  Embedding layer("e", 3, {.vocabulary = 4, .width = 2, .context = 3});
  LayerFixture fixture(layer);
  const float *table = fixture.values()[0].f32(), *positions = fixture.values()[1].f32();
  std::vector<double> expected;
  for (const auto& [t, id] : {std::pair{0, 3}, {1, 0}, {2, 3}}) {
    for (int c = 0; c < 2; ++c) {
      expected.push_back(static_cast<double>(table[2 * id + c] + positions[2 * t + c]));
    }
  }
  check_near(result_of(fixture, layer, ids_of(fixture.pool(), {3, 0, 3})), expected);
  const Embedding without("e", 3, {.vocabulary = 4, .width = 2});
  CHECK(without.parameters().size() == 1);
}

TEST_CASE("A scaled embedding's rows are multiplied with the root of the width, positions not") {
  Embedding layer("e", 2, {.vocabulary = 3, .width = 4, .context = 2, .scaled = true});
  LayerFixture fixture(layer);
  const float *table = fixture.values()[0].f32(), *positions = fixture.values()[1].f32();
  std::vector<double> expected;
  expected.reserve(8);
  for (int i = 0; i < 8; ++i) {
    expected.push_back(static_cast<double>(2 * table[4 + i % 4] + positions[i]));
  }
  check_near(result_of(fixture, layer, ids_of(fixture.pool(), {1, 1})), expected);
}

TEST_CASE("A row's gradient is the sum over its tokens, and nothing stays of the step before") {
  Embedding layer("e", 3, {.vocabulary = 4, .width = 1});
  LayerFixture fixture(layer);
  const auto step = [&](const std::vector<std::int32_t>& ids, bool accumulate) {
    Saved saved;
    layer.forward(fixture.context(), ids_of(fixture.pool(), ids), saved);
    layer.backward_input(fixture.context(), tensor_of(fixture.pool(), {1, 3, 1}, {1, 10, 100}),
                         saved);
    layer.backward_weight(fixture.context(accumulate), saved);
    return values_of(fixture.gradients()[0]);
  };
  CHECK(step({3, 0, 3}, false) == std::vector<float>{10, 0, 0, 101});
  CHECK(step({1, 1, 1}, true) == std::vector<float>{10, 111, 0, 101});
  CHECK(step({2, 1, 2}, false) == std::vector<float>{0, 10, 101, 0});
}

TEST_CASE("Of a shared table a rank has some rows, and gives nothing for other tokens") {
  Embedding layer("e", 3, {.vocabulary = 5, .width = 1, .place = {1, 2}});  // rows 3 and 4
  CHECK(layer.parameters()[0].shape == Shape{2, 1});
  CHECK(layer.parameters()[0].whole == Shape{5, 1});
  LayerFixture fixture(layer);
  fixture.values()[0].f32()[0] = 30;
  fixture.values()[0].f32()[1] = 40;
  CHECK(result_of(fixture, layer, ids_of(fixture.pool(), {4, 2, 3})) ==
        std::vector<float>{40, 0, 30});
}

}  // namespace embedding_test
