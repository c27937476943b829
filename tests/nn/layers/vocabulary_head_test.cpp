#include "nn/layers/vocabulary_head.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "nn/layers/linear.h"
#include "ops/cross_entropy.h"

using namespace pipetrain;

namespace vocabulary_head_test {

namespace {

constexpr std::int64_t kTokens = 3, kWidth = 4, kRows = 2, kAll = 11;
constexpr float kScale = 0.5f;

Linear head(bool bias, float cap = 0) {
  LinearOptions options;
  options.features = kAll;
  options.bias = bias;
  options.cap = cap;
  options.start.weight = {Initial::Kind::kNormal, 0.5f};
  options.start.bias = {Initial::Kind::kNormal, 0.5f};
  return Linear("layers.7.linear", {kTokens, kWidth}, options);
}

// A layer with memory of its own.
struct Owned {
  explicit Owned(Layer& layer) {
    for (Parameter& parameter : layer.parameters()) {
      values.emplace_back(static_cast<std::size_t>(parameter.elements()));
      gradients.emplace_back(values.back().size());
      initialize(parameter, 3, values.back());
      parameter.value = values.back().data();
      parameter.gradient = gradients.back().data();
    }
  }
  std::vector<std::vector<float>> values, gradients;
};

}  // namespace

TEST_CASE("Pieces of a head have its rows, and gradients as the whole one's") {
  MemoryPool pool;
  Ops ops(pool);
  const std::vector<std::int32_t> targets{0, 10, -1, 4, 3, 7};
  const Context context{.ops = ops, .targets = targets.data()};
  const auto input = [&] {
    Tensor x(pool, {kRows, kTokens, kWidth});
    for (std::int64_t i = 0; i < x.elements(); ++i) {
      x.f32()[i] = static_cast<float>((7 * i) % 11) * 0.2f - 1;
    }
    return x;
  };
  const PieceGradient gradient = GENERATE(PieceGradient::kInForward, PieceGradient::kInBackward);
  const bool later = gradient == PieceGradient::kInBackward;
  for (const bool bias : {false, true}) {
    CAPTURE(later, bias);
    Linear whole = head(bias);
    Owned whole_memory(whole);
    Saved whole_saved;
    Tensor logits = whole.forward(context, input(), whole_saved);
    const double loss = cross_entropy(ops, logits, targets.data(), kScale);
    Tensor dx = whole.backward_input(context, std::move(logits), whole_saved);
    whole.backward_weight(context, whole_saved);

    constexpr int kPieces = 3;
    std::vector<std::unique_ptr<Layer>> pieces;
    std::vector<std::unique_ptr<Owned>> memory;
    std::vector<Saved> saved(kPieces);
    std::vector<Tensor> results;
    std::vector<const float*> statistics;
    std::vector<PieceProducts> products;
    constexpr std::int64_t kProduct = kRows * kTokens * kWidth;
    for (int p = 0; p < kPieces; ++p) {
      pieces.push_back(whole.vocabulary_piece({p, kPieces}, gradient));
      CHECK(pieces.back()->name() == "layers.7.linear");
      CHECK(pieces.back()->forward_flop() == whole.forward_flop());
      memory.push_back(std::make_unique<Owned>(*pieces.back()));
      results.push_back(
          pieces.back()->forward(context, input(), saved[static_cast<std::size_t>(p)]));
      const float* const result = results.back().f32();
      if (!later) products.push_back({result, result + kProduct});
      statistics.push_back(result + (later ? 0 : 2 * kProduct));
    }
    Tensor totals(pool, piece_totals_shape(kRows * kTokens));
    const PieceLoss total = total_of_pieces(ops, statistics, kRows * kTokens, kScale, totals.f32());
    CHECK(total.loss == Approx(loss));
    Tensor found(pool, dx.shape());
    std::fill_n(found.f32(), found.elements(), 0.0f);
    if (!later) gradient_of_pieces(ops, statistics, products, totals.f32(), found);
    std::vector<std::size_t> at(whole.parameters().size());
    for (int p = 0; p < kPieces; ++p) {
      Tensor copy(pool, totals.shape());
      std::copy_n(totals.f32(), totals.elements(), copy.f32());
      Layer& piece = *pieces[static_cast<std::size_t>(p)];
      Saved& kept = saved[static_cast<std::size_t>(p)];
      const Tensor part = piece.backward_input(context, std::move(copy), kept);
      CHECK(part.empty() != later);
      for (std::int64_t i = 0; later && i < part.elements(); ++i) found.f32()[i] += part.f32()[i];
      piece.backward_weight(context, kept);
      for (std::size_t k = 0; k < at.size(); ++k) {
        CHECK(piece.parameters()[k].name == whole.parameters()[k].name);
        const Owned& own = *memory[static_cast<std::size_t>(p)];
        for (std::size_t i = 0; i < own.values[k].size(); ++i, ++at[k]) {
          CHECK(own.values[k][i] == whole_memory.values[k][at[k]]);
          CHECK(own.gradients[k][i] == Approx(whole_memory.gradients[k][at[k]]).margin(1e-6));
        }
      }
    }
    for (std::size_t k = 0; k < at.size(); ++k) CHECK(at[k] == whole_memory.values[k].size());
    for (std::int64_t i = 0; i < dx.elements(); ++i) {
      CHECK(found.f32()[i] == Approx(dx.f32()[i]).margin(1e-6));
    }
  }
}

TEST_CASE("Evaluation keeps nothing and makes the statistics alone") {
  const PieceGradient gradient = GENERATE(PieceGradient::kInForward, PieceGradient::kInBackward);
  MemoryPool pool;
  Ops ops(pool);
  Linear whole = head(false);
  const auto piece = whole.vocabulary_piece({1, 2}, gradient);
  const Owned memory(*piece);
  const std::vector<std::int32_t> targets{1, 2, 3};
  Saved saved;
  Tensor x(pool, {1, kTokens, kWidth});
  std::fill_n(x.f32(), x.elements(), 0.5f);
  const Tensor result = piece->forward(
      {.ops = ops, .mode = Mode::kEvaluate, .targets = targets.data()}, std::move(x), saved);
  CHECK(result.shape() == Shape{4 * kTokens});
  for (int slot = 0; slot < 8; ++slot) CHECK(saved[slot].empty());
}

TEST_CASE("A head with capped outputs has no pieces") {
  CHECK(head(false).vocabulary_piece({0, 2}, PieceGradient::kInForward) != nullptr);
  CHECK(head(false, 30).vocabulary_piece({0, 2}, PieceGradient::kInBackward) == nullptr);
}

}  // namespace vocabulary_head_test
