#include "pipeline/vocabulary_loss.h"

#include <cstddef>
#include <utility>

#include "ops/cross_entropy.h"
#include "ops/entrywise.h"

namespace pipetrain {

Shape piece_result_shape(const Shape& x, Mode mode) {
  const std::int64_t statistics = piece_statistics_shape(x.rows()).elements();
  return {(mode == Mode::kTrain ? 2 * x.elements() : 0) + statistics};
}

Shape piece_totals_shape_of(const Shape& x) { return piece_totals_shape(x.rows()); }

PieceResult::PieceResult(const float* result, const Shape& x, Mode mode) {
  statistics = result;
  if (mode != Mode::kTrain) return;
  weighted = result;
  target = result + x.elements();
  statistics = target + x.elements();
}

Tensor sum_of_parts(Ops& ops, std::vector<Tensor> parts) {
  Tensor sum = std::move(parts.front());
  for (auto part = parts.begin() + 1; part != parts.end(); ++part) add(ops, sum, *part);
  return sum;
}

void VocabularyLoss::begin(const StepContext& step) {
  losses_.assign(static_cast<std::size_t>(step.microbatches), 0);
  correct_ = counted_ = 0;
}

Tensor VocabularyLoss::count(const StepContext& step, int microbatch, const Shape& x,
                             const std::vector<const float*>& statistics) {
  Tensor totals(ops_.pool(), piece_totals_shape_of(x));
  const PieceLoss loss = total_of_pieces(ops_, statistics, x.rows(),
                                         static_cast<float>(step.gradient_scale), totals.f32());
  losses_[static_cast<std::size_t>(microbatch)] = loss.loss;
  correct_ += loss.correct;
  counted_ += loss.counted;
  return totals;
}

Tensor VocabularyLoss::count(const StepContext& step, int microbatch, const Shape& x,
                             const std::vector<Tensor>& statistics) {
  std::vector<const float*> lines;
  lines.reserve(statistics.size());
  for (const Tensor& piece : statistics) lines.push_back(piece.f32());
  return count(step, microbatch, x, lines);
}

VocabularyLoss::Combined VocabularyLoss::combine(const StepContext& step, int microbatch,
                                                 const Shape& x,
                                                 const std::vector<Tensor>& results) {
  std::vector<const float*> statistics;
  std::vector<PieceProducts> products;
  for (const Tensor& result : results) {
    const PieceResult piece(result.f32(), x, step.mode);
    statistics.push_back(piece.statistics);
    products.push_back({piece.weighted, piece.target});
  }
  Combined combined{{}, count(step, microbatch, x, statistics)};
  if (step.mode != Mode::kTrain) return combined;
  combined.gradient = Tensor(ops_.pool(), x);
  gradient_of_pieces(ops_, statistics, products, combined.totals.f32(), combined.gradient);
  return combined;
}

double VocabularyLoss::loss_sum() const {
  double sum = 0;
  for (const double loss : losses_) sum += loss;
  return sum;
}

}  // namespace pipetrain
