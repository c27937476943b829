#include "ops/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

// Rows of a block fill half of the first cache. Blocks are summed in their order: the same bits at
// every number of threads.
std::int64_t block_rows(std::int64_t channels) {
  constexpr std::int64_t kBlockElements = 4096;
  return std::max<std::int64_t>(4, kBlockElements / channels);
}

// body(block, first row, rows) over all blocks, spread over the threads.
template <class Body>
void for_each_block(const BatchNormShape& shape, const Body& body) {
  const std::int64_t size = block_rows(shape.channels), blocks = (shape.rows + size - 1) / size;
  parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t block = begin; block < end; ++block) {
      body(block, block * size, std::min(size, shape.rows - block * size));
    }
  });
}

Tensor block_sums(Ops& ops, const BatchNormShape& shape) {
  const std::int64_t size = block_rows(shape.channels);
  return {ops.pool(), {(shape.rows + size - 1) / size, 2, shape.channels}};
}

// scale = gamma / sqrt(variance + epsilon)
Tensor scales(Ops& ops, const BatchNormShape& shape, const float* variance, const float* gamma) {
  Tensor scale(ops.pool(), {shape.channels});
  for (std::int64_t c = 0; c < shape.channels; ++c) {
    scale.f32()[c] = gamma[c] / std::sqrt(variance[c] + kBatchNormEpsilon);
  }
  return scale;
}

}  // namespace

// The blocks' moments are joined as by Chan, Golub and LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", 1979, equation 2.1.
void batch_moments(Ops& ops, const BatchNormShape& shape, const float* x, float* mean,
                   float* variance) {
  const std::int64_t width = shape.channels;
  Tensor sums = block_sums(ops, shape);
  for_each_block(shape, [&](std::int64_t block, std::int64_t first, std::int64_t rows) {
    float* of_block = sums.f32() + 2 * block * width;
    ops.simd().moments(x + first * width, rows, width, of_block, of_block + width);
  });
  const std::int64_t size = block_rows(width);
  for (std::int64_t c = 0; c < width; ++c) {
    double sum = 0, squares = 0;
    for (std::int64_t block = 0, first = 0; first < shape.rows; ++block, first += size) {
      const auto before = static_cast<double>(first);
      const auto rows = static_cast<double>(std::min(size, shape.rows - first));
      const double more = sums.f32()[2 * block * width + c];
      squares += sums.f32()[(2 * block + 1) * width + c];
      if (first > 0) {
        const double apart = more / rows - sum / before;
        squares += apart * apart * before * rows / (before + rows);
      }
      sum += more;
    }
    mean[c] = static_cast<float>(sum / static_cast<double>(shape.rows));
    variance[c] = static_cast<float>(squares / static_cast<double>(shape.rows));
  }
}

void batch_norm_forward(Ops& ops, const BatchNormShape& shape, const float* x, const float* mean,
                        const float* variance, const float* gamma, const float* beta, float* y) {
  const Tensor scale = scales(ops, shape, variance, gamma);
  const BatchNormRow row{shape.channels, mean, scale.f32(), beta, shape.relu};
  for_each_block(shape, [&](std::int64_t, std::int64_t first, std::int64_t rows) {
    const std::int64_t at = first * shape.channels;
    ops.simd().batch_norm_forward(x + at, rows, row, y + at);
  });
}

// dx = scale * (dy - mean of dy - x^ * mean of dy x^), x^ = (x - mean) * rstd.
void batch_norm_backward(Ops& ops, const BatchNormShape& shape, float* dy, const float* x,
                         const float* mean, const float* variance, const float* gamma,
                         const float* beta, float* dgamma, float* dbeta) {
  const std::int64_t width = shape.channels;
  const Tensor scale = scales(ops, shape, variance, gamma);
  const BatchNormRow row{width, mean, scale.f32(), beta, shape.relu};
  Tensor sums = block_sums(ops, shape);
  for_each_block(shape, [&](std::int64_t block, std::int64_t first, std::int64_t rows) {
    float* of_block = sums.f32() + 2 * block * width;
    ops.simd().batch_norm_sums(dy + first * width, x + first * width, rows, row, of_block,
                               of_block + width);
  });
  Tensor slope(ops.pool(), {width}), offset(ops.pool(), {width});
  const std::int64_t blocks = sums.shape()[0];
  for (std::int64_t c = 0; c < width; ++c) {
    double gamma_sum = 0, beta_sum = 0;
    for (std::int64_t block = 0; block < blocks; ++block) {
      gamma_sum += sums.f32()[2 * block * width + c];
      beta_sum += sums.f32()[(2 * block + 1) * width + c];
    }
    const double rstd = 1 / std::sqrt(static_cast<double>(variance[c]) + kBatchNormEpsilon);
    const double share = static_cast<double>(scale.f32()[c]) / static_cast<double>(shape.rows);
    dgamma[c] = static_cast<float>(gamma_sum * rstd);
    dbeta[c] = static_cast<float>(beta_sum);
    slope.f32()[c] = static_cast<float>(share * gamma_sum * rstd * rstd);
    offset.f32()[c] = static_cast<float>(share * beta_sum);
  }
  for_each_block(shape, [&](std::int64_t, std::int64_t first, std::int64_t rows) {
    const std::int64_t at = first * width;
    ops.simd().batch_norm_backward(dy + at, x + at, rows, row, slope.f32(), offset.f32());
  });
}

}  // namespace pipetrain
