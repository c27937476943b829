#include "ops/cross_entropy.h"

#include <cmath>

#include "ops/parallel.h"

namespace pipetrain {

double cross_entropy(Ops& ops, std::int64_t rows, std::int64_t classes, float* logits,
                     const std::int32_t* targets, float gradient_scale, std::int64_t* correct) {
  const SimdKernels& simd = ops.simd();
  Tensor losses(ops.pool(), {rows}), hits(ops.pool(), {rows}, DType::kInt32);
  parallel_ranges(rows, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      float* x = logits + row * classes;
      const float target = x[targets[row]];
      const float largest = simd.maximum(x, classes);
      hits.i32()[row] = target == largest;
      const float sum = simd.exp_scaled(x, classes, 1.0f, largest);
      losses.f32()[row] = std::log(sum) + largest - target;
      if (gradient_scale != 0) {
        simd.scale(x, classes, gradient_scale / sum);
        x[targets[row]] -= gradient_scale;
      }
    }
  });
  double loss = 0;
  for (std::int64_t row = 0; row < rows; ++row) loss += static_cast<double>(losses.f32()[row]);
  if (correct != nullptr) {
    for (std::int64_t row = 0; row < rows; ++row) *correct += hits.i32()[row];
  }
  return loss;
}

}  // namespace pipetrain
