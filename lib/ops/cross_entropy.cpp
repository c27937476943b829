#include "ops/cross_entropy.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

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

}  // namespace pipetrain
