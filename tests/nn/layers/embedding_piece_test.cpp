#include "nn/layers/embedding_piece.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "catch.h"
#include "gradient_check.h"
#include "nn/layers/embedding.h"

using namespace pipetrain;

namespace embedding_piece_test {

namespace {

constexpr std::int64_t kTokens = 5, kWidth = 6, kAll = 11, kRows = 3;

// A layer's own parameters have the values of those of the same name.
void take_values(LayerFixture& from, Layer& whole, LayerFixture& to, Layer& part) {
  for (std::size_t p = 0; p < part.parameters().size(); ++p) {
    for (std::size_t w = 0; w < whole.parameters().size(); ++w) {
      if (whole.parameters()[w].name != part.parameters()[p].name) continue;
      const Slicing& rows = part.parameters()[p].slicing;
      const std::int64_t first = rows.sliced() ? rows.ranges[0].first * kWidth : 0;
      std::copy_n(from.values()[w].f32() + first, part.parameters()[p].elements(),
                  to.values()[p].f32());
    }
  }
}

}  // namespace

TEST_CASE("Pieces and what is left of an embedding give the bits of the whole one") {
  const bool scaled = GENERATE(false, true);
  const std::int64_t context = GENERATE(0, 8);
  Embedding whole(
      "layers.0.embedding", kTokens,
      {.vocabulary = kAll, .width = kWidth, .context = context, .scaled = scaled, .dropout = 0.3});
  LayerFixture whole_memory(whole);
  whole_memory.set_objective_mode(Mode::kTrain);
  Tensor ids(whole_memory.pool(), {kRows, kTokens}, DType::kInt32);
  for (int i = 0; i < kRows * kTokens; ++i) ids.i32()[i] = i * 7 % kAll;
  const Tensor dy = whole_memory.random({kRows, kTokens, kWidth}, "dy");
  Saved whole_saved;
  const Tensor y = whole.forward(whole_memory.context(), whole_memory.copy(ids), whole_saved);
  whole.backward_input(whole_memory.context(), whole_memory.copy(dy), whole_saved);
  whole.backward_weight(whole_memory.context(), whole_saved);

  constexpr int kPieces = 3;
  const auto rest = whole.without_table();
  CHECK(rest->input_row() == Shape{kTokens, kWidth});
  CHECK(rest->input_dtype() == DType::kFloat32);
  LayerFixture rest_memory(*rest);
  take_values(whole_memory, whole, rest_memory, *rest);
  Context context_of_rest = rest_memory.context();
  std::vector<std::unique_ptr<Layer>> pieces;
  std::vector<std::unique_ptr<LayerFixture>> memory;
  std::vector<Saved> saved(kPieces);
  Saved rest_saved;
  Tensor x(rest_memory.pool(), {kRows, kTokens, kWidth});
  for (int p = 0; p < kPieces; ++p) {
    pieces.push_back(whole.embedding_piece({p, kPieces}));
    REQUIRE(pieces.back()->parameters()[0].whole == Shape{kAll, kWidth});
    memory.push_back(std::make_unique<LayerFixture>(*pieces.back()));
    take_values(whole_memory, whole, *memory.back(), *pieces.back());
    Context of_piece = memory.back()->context();
    of_piece.targets = ids.i32();
    x = pieces.back()->forward(of_piece, std::move(x), saved[static_cast<std::size_t>(p)]);
  }
  const Tensor found = rest->forward(context_of_rest, std::move(x), rest_saved);
  CHECK(std::equal(found.f32(), found.f32() + found.elements(), y.f32()));
  const Tensor dx = rest->backward_input(context_of_rest, rest_memory.copy(dy), rest_saved);
  REQUIRE(dx.shape() == dy.shape());
  rest->backward_weight(context_of_rest, rest_saved);
  std::vector<float> table;
  for (std::size_t p = 0; p < kPieces; ++p) {
    const Context of_piece = memory[p]->context();
    CHECK(pieces[p]->backward_input(of_piece, memory[p]->copy(dx), saved[p]).empty());
    pieces[p]->backward_weight(of_piece, saved[p]);
    const auto values = values_of(memory[p]->gradients()[0]);
    table.insert(table.end(), values.begin(), values.end());
    CHECK_FALSE(pieces[p]->parameters()[0].touched_rows.empty());
  }
  CHECK(table == values_of(whole_memory.gradients()[0]));
  if (context > 0) {
    CHECK(values_of(rest_memory.gradients()[0]) == values_of(whole_memory.gradients()[1]));
  }
}

TEST_CASE("A table of fewer rows than pieces is not cut") {
  const Embedding small("e", 2, {.vocabulary = 3, .width = 4});
  CHECK(small.embedding_piece({0, 3}) != nullptr);
  CHECK(small.embedding_piece({0, 4}) == nullptr);
  CHECK(small.without_table()->embedding_piece({0, 1}) == nullptr);
}

}  // namespace embedding_piece_test
