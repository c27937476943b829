#include "ops/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/parallel.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// In row order.
double sum_of(const Tensor& losses, const Tensor& hits, std::int64_t* correct) {
  double loss = 0;
  for (const float row : losses.floats()) loss += static_cast<double>(row);
  if (correct != nullptr) {
    for (std::int64_t row = 0; row < hits.elements(); ++row) *correct += hits.i32()[row];
  }
  return loss;
}

// Of a row that does not count.
void clear_gradient(float* x, std::int64_t classes, BFloat16* rounded) {
  std::fill_n(x, classes, 0.0f);
  if (rounded != nullptr) std::fill_n(rounded, classes, BFloat16{});
}

// The gradient over the logits takes their place, or another one.
Work cross_entropy_work(const Matrix& logits, const BFloat16* rounded_gradient) {
  if (rounded_gradient == nullptr) return vector_work("cross entropy", 5, {logits, logits});
  const ConstMatrix gradient(rounded_gradient, logits.rows(), logits.columns());
  return vector_work("cross entropy", 5, {logits, gradient});
}

}  // namespace

double cross_entropy(Ops& ops, Matrix logits, const std::int32_t* targets, float gradient_scale,
                     std::int64_t* correct, BFloat16* rounded_gradient) {
  const WorkScope scope(ops, [&] { return cross_entropy_work(logits, rounded_gradient); });
  const SimdKernels& simd = ops.simd();
  const std::int64_t rows = logits.rows(), classes = logits.columns();
  Tensor losses(ops.pool(), {rows}), hits(ops.pool(), {rows}, DType::kInt32);
  parallel_ranges(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* x = logits.row<float>(row);
      if (targets[row] < 0) {
        hits.i32()[row] = 0;
        losses.f32()[row] = 0;
        clear_gradient(x, classes, rounded_gradient ? rounded_gradient + row * classes : nullptr);
        continue;
      }
      const float target = x[targets[row]];
      const float largest = simd.maximum(x, classes);
      hits.i32()[row] = target == largest;
      const float sum = simd.exp_scaled(x, classes, {1.0f, largest});
      losses.f32()[row] = std::log(sum) + largest - target;
      if (gradient_scale != 0) {
        simd.scale(x, classes, gradient_scale / sum);
        x[targets[row]] -= gradient_scale;
        if (rounded_gradient != nullptr) {
          simd.on_bfloat16.round(x, rounded_gradient + row * classes, classes);
        }
      }
    }
  });
  return sum_of(losses, hits, correct);
}

void partial_cross_entropy(Ops& ops, const ClassPart& part, Matrix logits,
                           const std::int32_t* targets, float* statistics) {
  const WorkScope scope(ops, [&] { return vector_work("cross entropy", 3, {logits, logits}); });
  const SimdKernels& simd = ops.simd();
  const std::int64_t rows = logits.rows(), classes = logits.columns();
  std::fill_n(statistics, statistics_shape(part, rows).elements(), 0.0f);
  float* const largest = statistics + 2 * part.rank * rows;
  float* const sums = largest + rows;
  float* const target_logits = statistics + 2 * part.ranks * rows;
  parallel_ranges(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* x = logits.row<float>(row);
      const std::int64_t target = targets[row] - part.first_class;
      if (target >= 0 && target < classes) target_logits[row] = x[target];
      largest[row] = simd.maximum(x, classes);
      sums[row] = simd.exp_scaled(x, classes, {1.0f, largest[row]});
    }
  });
}

double finish_cross_entropy(Ops& ops, const ClassPart& part, Matrix logits,
                            const std::int32_t* targets, const float* statistics,
                            float gradient_scale, std::int64_t* correct,
                            BFloat16* rounded_gradient) {
  const WorkScope scope(ops, [&] { return cross_entropy_work(logits, rounded_gradient); });
  const std::int64_t rows = logits.rows(), classes = logits.columns();
  const float* const target_logits = statistics + 2 * part.ranks * rows;
  Tensor losses(ops.pool(), {rows}), hits(ops.pool(), {rows}, DType::kInt32);
  parallel_ranges(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* x = logits.row<float>(row);
      if (targets[row] < 0) {
        hits.i32()[row] = 0;
        losses.f32()[row] = 0;
        clear_gradient(x, classes, rounded_gradient ? rounded_gradient + row * classes : nullptr);
        continue;
      }
      const auto of_rank = [&](int rank) { return statistics + 2 * rank * rows + row; };
      float largest = *of_rank(0), sum = 0;
      for (int r = 1; r < part.ranks; ++r) largest = std::max(largest, *of_rank(r));
      for (int r = 0; r < part.ranks; ++r) {
        sum += of_rank(r)[rows] * std::exp(*of_rank(r) - largest);
      }
      hits.i32()[row] = target_logits[row] == largest;
      losses.f32()[row] = std::log(sum) + largest - target_logits[row];
      if (gradient_scale == 0) continue;
      const float own_share = std::exp(*of_rank(part.rank) - largest);
      ops.simd().scale(x, classes, gradient_scale * own_share / sum);
      const std::int64_t target = targets[row] - part.first_class;
      if (target >= 0 && target < classes) x[target] -= gradient_scale;
      if (rounded_gradient != nullptr) {
        ops.simd().on_bfloat16.round(x, rounded_gradient + row * classes, classes);
      }
    }
  });
  return sum_of(losses, hits, correct);
}

namespace {

// Where the lines of a piece's statistics lie.
struct StatisticsLines {
  StatisticsLines(const float* statistics, std::int64_t rows)
      : largest(statistics),
        sums(statistics + rows),
        target_logits(statistics + 2 * rows),
        has_target(statistics + 3 * rows) {}
  const float *largest, *sums, *target_logits, *has_target;
};

std::vector<StatisticsLines> lines_of(const std::vector<const float*>& statistics,
                                      std::int64_t rows) {
  std::vector<StatisticsLines> lines;
  for (const float* piece : statistics) lines.emplace_back(piece, rows);
  return lines;
}

}  // namespace

void piece_statistics(Ops& ops, std::int64_t first_class, Matrix logits,
                      const std::int32_t* targets, float* statistics) {
  const WorkScope scope(ops, [&] { return vector_work("cross entropy", 3, {logits, logits}); });
  const SimdKernels& simd = ops.simd();
  const std::int64_t rows = logits.rows(), classes = logits.columns();
  parallel_ranges(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* x = logits.row<float>(row);
      const std::int64_t target = targets[row] - first_class;
      const bool here = targets[row] >= 0 && target >= 0 && target < classes;
      const float largest = simd.maximum(x, classes);
      statistics[2 * rows + row] = here ? x[target] : 0.0f;
      statistics[3 * rows + row] = here ? 1.0f : 0.0f;
      statistics[row] = largest;
      statistics[rows + row] = simd.exp_scaled(x, classes, {1.0f, largest});
    }
  });
}

PieceLoss total_of_pieces(Ops& ops, const std::vector<const float*>& statistics, std::int64_t rows,
                          float gradient_scale, float* totals) {
  const std::vector<StatisticsLines> pieces = lines_of(statistics, rows);
  Tensor losses(ops.pool(), {rows}), hits(ops.pool(), {rows}, DType::kInt32);
  PieceLoss total;
  for (std::int64_t row = 0; row < rows; ++row) {
    float largest = pieces.front().largest[row], sum = 0, target = 0, counts = 0;
    for (const StatisticsLines& piece : pieces) largest = std::max(largest, piece.largest[row]);
    for (const StatisticsLines& piece : pieces) {
      sum += piece.sums[row] * std::exp(piece.largest[row] - largest);
      target += piece.target_logits[row];
      counts += piece.has_target[row];
    }
    hits.i32()[row] = counts > 0 && target == largest;
    losses.f32()[row] = counts > 0 ? std::log(sum) + largest - target : 0.0f;
    total.counted += counts > 0;
    totals[row] = largest;
    totals[rows + row] = counts * gradient_scale / sum;
    totals[2 * rows + row] = counts * gradient_scale;
  }
  total.loss = sum_of(losses, hits, &total.correct);
  return total;
}

void gradient_of_pieces(Ops& ops, const std::vector<const float*>& statistics,
                        const std::vector<PieceProducts>& products, const float* totals,
                        Matrix dx) {
  const std::int64_t rows = dx.rows(), width = dx.columns();
  const WorkScope scope(ops, [&] {
    return vector_work("sum over pieces", 4 * static_cast<double>(products.size()), {dx, dx});
  });
  const std::vector<StatisticsLines> pieces = lines_of(statistics, rows);
  parallel_ranges(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* const sum = dx.row<float>(row);
      std::fill_n(sum, width, 0.0f);
      for (std::size_t k = 0; k < pieces.size(); ++k) {
        const float share = std::exp(pieces[k].largest[row] - totals[row]) * totals[rows + row];
        const float target = totals[2 * rows + row];
        const float* const weighted = products[k].weighted + row * width;
        const float* const of_target = products[k].target + row * width;
        for (std::int64_t i = 0; i < width; ++i) {
          sum[i] += share * weighted[i] - target * of_target[i];
        }
      }
    }
  });
}

void piece_gradient(Ops& ops, std::int64_t first_class, Matrix logits, const std::int32_t* targets,
                    const float* statistics, const float* totals) {
  const WorkScope scope(ops, [&] { return vector_work("cross entropy", 2, {logits, logits}); });
  const std::int64_t rows = logits.rows(), classes = logits.columns();
  parallel_ranges(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* x = logits.row<float>(row);
      const float share = std::exp(statistics[row] - totals[row]) * totals[rows + row];
      ops.simd().scale(x, classes, share);
      const std::int64_t target = targets[row] - first_class;
      if (targets[row] >= 0 && target >= 0 && target < classes) x[target] -= totals[2 * rows + row];
    }
  });
}

}  // namespace pipetrain
