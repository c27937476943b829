#include "ops/batch_norm.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ops/parallel.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// Rows of a block fill half of the first cache. Blocks are summed in their order: the same bits at
// every number of threads.
std::int64_t block_rows(std::int64_t channels) {
  constexpr std::int64_t kBlockElements = 4096;
  return std::max<std::int64_t>(4, kBlockElements / channels);
}

// body.operator()<T>(kernels, block, first row, rows) over all blocks of x, whose entries are T,
// spread over the threads.
template <class Body>
void for_each_block(const Ops& ops, const ConstMatrix& x, const Body& body) {
  const std::int64_t size = block_rows(x.columns()), blocks = (x.rows() + size - 1) / size;
  with_entries(x.dtype(), [&]<class T>() {
    parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t block = begin; block < end; ++block) {
        body.template operator()<T>(ops.simd().on<T>(), block, block * size,
                                    std::min(size, x.rows() - block * size));
      }
    });
  });
}

Tensor block_sums(Ops& ops, const ConstMatrix& x) {
  const std::int64_t size = block_rows(x.columns());
  return {ops.pool(), {(x.rows() + size - 1) / size, 2, x.columns()}};
}

// scale = gamma / sqrt(variance + epsilon)
Tensor scales(Ops& ops, const ChannelNorm& norm, std::int64_t channels) {
  Tensor scale(ops.pool(), {channels});
  for (std::int64_t c = 0; c < channels; ++c) {
    scale.f32()[c] = norm.gamma[c] / std::sqrt(norm.variance[c] + kBatchNormEpsilon);
  }
  return scale;
}

}  // namespace

// The blocks' moments are joined as by Chan, Golub and LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", 1979, equation 2.1.
void batch_moments(Ops& ops, ConstMatrix x, float* mean, float* variance) {
  const WorkScope scope(ops, [&] { return vector_work("moments", 4, {x}); });
  const std::int64_t width = x.columns();
  Tensor sums = block_sums(ops, x);
  for_each_block(ops, x,
                 [&]<class T>(const ActivationKernels<T>& simd, std::int64_t block,
                              std::int64_t first, std::int64_t rows) {
                   float* of_block = sums.f32() + 2 * block * width;
                   simd.moments(x.row<T>(first), rows, width, of_block, of_block + width);
                 });
  const std::int64_t size = block_rows(width);
  for (std::int64_t c = 0; c < width; ++c) {
    double sum = 0, squares = 0;
    for (std::int64_t block = 0, first = 0; first < x.rows(); ++block, first += size) {
      const auto before = static_cast<double>(first);
      const auto rows = static_cast<double>(std::min(size, x.rows() - first));
      const double more = sums.f32()[2 * block * width + c];
      squares += sums.f32()[(2 * block + 1) * width + c];
      if (first > 0) {
        const double apart = more / rows - sum / before;
        squares += apart * apart * before * rows / (before + rows);
      }
      sum += more;
    }
    mean[c] = static_cast<float>(sum / static_cast<double>(x.rows()));
    variance[c] = static_cast<float>(squares / static_cast<double>(x.rows()));
  }
}

void batch_norm_forward(Ops& ops, const ChannelNorm& norm, ConstMatrix x, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("batch norm", 3, {x, y}); });
  const Tensor scale = scales(ops, norm, x.columns());
  const BatchNormRow row{x.columns(), norm.mean, scale.f32(), norm.beta, norm.relu};
  for_each_block(ops, x,
                 [&]<class T>(const ActivationKernels<T>& simd, std::int64_t, std::int64_t first,
                              std::int64_t rows) {
                   simd.batch_norm_forward(x.row<T>(first), rows, row, y.row<T>(first));
                 });
}

// dx = scale * (dy - mean of dy - x^ * mean of dy x^), x^ = (x - mean) * rstd.
void batch_norm_backward(Ops& ops, const ChannelNorm& norm, Matrix dy, ConstMatrix x, float* dgamma,
                         float* dbeta) {
  const WorkScope scope(ops, [&] { return vector_work("batch norm", 9, {dy, dy, x}); });
  const std::int64_t width = x.columns();
  const Tensor scale = scales(ops, norm, width);
  const BatchNormRow row{width, norm.mean, scale.f32(), norm.beta, norm.relu};
  Tensor sums = block_sums(ops, x);
  for_each_block(ops, x,
                 [&]<class T>(const ActivationKernels<T>& simd, std::int64_t block,
                              std::int64_t first, std::int64_t rows) {
                   float* of_block = sums.f32() + 2 * block * width;
                   simd.batch_norm_sums(dy.row<T>(first), x.row<T>(first), rows, row, of_block,
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
    const double rstd = 1 / std::sqrt(static_cast<double>(norm.variance[c]) + kBatchNormEpsilon);
    const double share = static_cast<double>(scale.f32()[c]) / static_cast<double>(x.rows());
    dgamma[c] = static_cast<float>(gamma_sum * rstd);
    dbeta[c] = static_cast<float>(beta_sum);
    slope.f32()[c] = static_cast<float>(share * gamma_sum * rstd * rstd);
    offset.f32()[c] = static_cast<float>(share * beta_sum);
  }
  for_each_block(ops, x,
                 [&]<class T>(const ActivationKernels<T>& simd, std::int64_t, std::int64_t first,
                              std::int64_t rows) {
                   simd.batch_norm_backward(dy.row<T>(first), x.row<T>(first), rows, row,
                                            slope.f32(), offset.f32());
                 });
}

}  // namespace pipetrain
