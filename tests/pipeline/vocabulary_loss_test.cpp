#include "pipeline/vocabulary_loss.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace vocabulary_loss_test {

namespace {

// Two pieces of one class each, of two rows of one entry: logits 1 and 2, targets 0 and 1.
std::vector<Tensor> results_of(MemoryPool& pool, const Shape& x, Mode mode) {
  std::vector<Tensor> results;
  for (const int piece : {0, 1}) {
    Tensor& result = results.emplace_back(pool, piece_result_shape(x, mode));
    std::fill_n(result.f32(), result.elements(), 0.0f);
    const PieceResult at(result.f32(), x, mode);
    const auto set = [&](const float* place, std::vector<float> values) {
      std::copy(values.begin(), values.end(), const_cast<float*>(place));
    };
    const auto logit = static_cast<float>(piece + 1);
    set(at.statistics, {logit, logit, 1, 1});
    set(at.statistics + (piece == 0 ? 4 : 5), {logit});
    set(at.statistics + (piece == 0 ? 6 : 7), {1});
    if (mode != Mode::kTrain) continue;
    const float weight = piece == 0 ? 10 : 20;
    set(at.weighted, {weight, weight});
    set(at.target + (piece == 0 ? 0 : 1), {weight});
  }
  return results;
}

}  // namespace

TEST_CASE("What pieces have made comes to the loss and its gradient") {
  MemoryPool pool;
  Ops ops(pool);
  VocabularyLoss loss(ops);
  const Shape x{2, 1};
  const StepContext step{.microbatches = 2, .gradient_scale = 0.5};
  loss.begin(step);
  const double p0 = 1 / (1 + std::exp(1.0)), p1 = 1 - p0;
  const auto combined = loss.combine(step, 1, x, results_of(pool, x, Mode::kTrain));
  CHECK(loss.loss_sum() == Approx(-std::log(p0) - std::log(p1)));
  CHECK(loss.correct() == 1);
  CHECK(loss.counted() == 2);
  REQUIRE(combined.gradient.shape() == x);
  CHECK(combined.gradient.f32()[0] == Approx(0.5 * (p0 * 10 + p1 * 20 - 10)));
  CHECK(combined.gradient.f32()[1] == Approx(0.5 * (p0 * 10 + p1 * 20 - 20)));
  CHECK(combined.totals.shape() == piece_totals_shape_of(x));
  CHECK(combined.totals.f32()[0] == 2);
  CHECK(combined.totals.f32()[4] == 0.5f);
  loss.begin(step);
  CHECK(loss.loss_sum() == 0);
}

TEST_CASE("Statistics alone come to the same loss and totals, and parts are added in order") {
  MemoryPool pool;
  Ops ops(pool);
  VocabularyLoss loss(ops), same(ops);
  const Shape x{2, 1};
  const StepContext step{.microbatches = 1, .gradient_scale = 0.5};
  loss.begin(step);
  same.begin(step);
  const auto combined = loss.combine(step, 0, x, results_of(pool, x, Mode::kTrain));
  const Tensor totals = same.count(step, 0, x, results_of(pool, x, Mode::kEvaluate));
  CHECK(statistics_shape_of(x) == piece_result_shape(x, Mode::kEvaluate));
  CHECK(std::equal(totals.f32(), totals.f32() + totals.elements(), combined.totals.f32()));
  CHECK(same.loss_sum() == loss.loss_sum());
  CHECK(same.correct() == 1);
  CHECK(same.counted() == 2);

  std::vector<Tensor> parts;
  for (const float part : {1e8f, 1.0f, -1e8f}) {
    std::fill_n(parts.emplace_back(pool, x).f32(), 2, part);
  }
  CHECK(sum_of_parts(ops, std::move(parts)).f32()[1] == 0);
}

TEST_CASE("An evaluation has the loss alone") {
  MemoryPool pool;
  Ops ops(pool);
  VocabularyLoss loss(ops);
  const Shape x{2, 1};
  const StepContext step{.mode = Mode::kEvaluate};
  loss.begin(step);
  CHECK(loss.combine(step, 0, x, results_of(pool, x, Mode::kEvaluate)).gradient.empty());
  CHECK(loss.loss_sum() == Approx(2 * std::log(1 + std::exp(1.0)) - 1));
}

}  // namespace vocabulary_loss_test
