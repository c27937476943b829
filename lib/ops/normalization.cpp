#include "ops/normalization.h"

#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kGrainElements = 4096;  // fewer than this are not worth waking a thread for

std::int64_t grain_rows(std::int64_t width) {
  return std::max<std::int64_t>(1, kGrainElements / width);
}

}  // namespace

void layer_norm_forward(Ops& ops, std::int64_t rows, std::int64_t width, const float* x,
                        const float* gamma, const float* beta, float* normalized, float* rstd,
                        float* y) {
  parallel_ranges(rows, grain_rows(width), [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = row * width;
      rstd[row] = ops.simd().layer_norm_forward(x + at, gamma, beta, normalized + at, y + at, width,
                                                kLayerNormEpsilon);
    }
  });
}

void layer_norm_replay(Ops& ops, std::int64_t rows, std::int64_t width, const float* normalized,
                       const float* gamma, const float* beta, float* y) {
  parallel_ranges(rows, grain_rows(width), [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      ops.simd().scale_shift(normalized + row * width, gamma, beta, y + row * width, width);
    }
  });
}

void layer_norm_backward(Ops& ops, std::int64_t rows, std::int64_t width, float* dy,
                         const float* normalized, const float* gamma, const float* rstd,
                         const float* skip, float* dgamma, float* dbeta) {
  constexpr std::int64_t kBlockRows = 64;
  const std::int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  Tensor partial(ops.pool(), {blocks, 2, width});  // dgamma, dbeta of each block of rows
  parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t block = begin; block < end; ++block) {
      float* sums = partial.f32() + block * 2 * width;
      std::memset(sums, 0, static_cast<std::size_t>(2 * width) * sizeof(float));
      for (std::int64_t row = block * kBlockRows; row < std::min(rows, (block + 1) * kBlockRows);
           ++row) {
        const std::int64_t at = row * width;
        ops.simd().layer_norm_backward(dy + at, normalized + at, gamma,
                                       skip == nullptr ? nullptr : skip + at, rstd[row], sums,
                                       sums + width, width);
      }
    }
  });
  const auto bytes = static_cast<std::size_t>(width) * sizeof(float);
  std::memcpy(dgamma, partial.f32(), bytes);
  std::memcpy(dbeta, partial.f32() + width, bytes);
  for (std::int64_t block = 1; block < blocks; ++block) {
    ops.simd().add(dgamma, partial.f32() + block * 2 * width, width);
    ops.simd().add(dbeta, partial.f32() + (block * 2 + 1) * width, width);
  }
}

}  // namespace pipetrain
