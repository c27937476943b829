#include "ops/normalization.h"

#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kGrainElements = 4096;  // fewer than this are not worth waking a thread for

std::int64_t grain_rows(std::int64_t width) {
  return std::max<std::int64_t>(1, kGrainElements / width);
}

// The sums over rows that add_row(row, sums) makes entry by entry in `sums` (width), as the first
// row of the result. Rows are added in blocks of fixed size, then the blocks in order: the same
// bits at every number of threads.
template <class AddRow>
Tensor row_sums(Ops& ops, std::int64_t rows, std::int64_t width, const AddRow& add_row) {
  constexpr std::int64_t kBlockRows = 64;
  const std::int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  Tensor partial(ops.pool(), {blocks, width});
  parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t block = begin; block < end; ++block) {
      float* sums = partial.f32() + block * width;
      std::memset(sums, 0, static_cast<std::size_t>(width) * sizeof(float));
      for (std::int64_t row = block * kBlockRows; row < std::min(rows, (block + 1) * kBlockRows);
           ++row) {
        add_row(row, sums);
      }
    }
  });
  for (std::int64_t block = 1; block < blocks; ++block) {
    ops.simd().add(partial.f32(), partial.f32() + block * width, width);
  }
  return partial;
}

}  // namespace

void layer_norm_forward(Ops& ops, std::int64_t rows, std::int64_t width, const float* x,
                        const float* gamma, const float* beta, float* normalized, float* rstd,
                        float* y, float epsilon) {
  parallel_ranges(rows, grain_rows(width), [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = row * width;
      rstd[row] = ops.simd().layer_norm_forward(x + at, gamma, beta, normalized + at, y + at, width,
                                                epsilon);
    }
  });
}

void norm_replay(Ops& ops, std::int64_t rows, std::int64_t width, const float* normalized,
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
  const Tensor sums = row_sums(ops, rows, 2 * width, [&](std::int64_t row, float* sum) {
    const std::int64_t at = row * width;
    ops.simd().layer_norm_backward(dy + at, normalized + at, gamma,
                                   skip == nullptr ? nullptr : skip + at, rstd[row], sum,
                                   sum + width, width);
  });
  const auto bytes = static_cast<std::size_t>(width) * sizeof(float);
  std::memcpy(dgamma, sums.f32(), bytes);
  std::memcpy(dbeta, sums.f32() + width, bytes);
}

void rms_norm_forward(Ops& ops, std::int64_t rows, std::int64_t width, const float* x,
                      const float* gamma, float* normalized, float* rstd, float* y, float epsilon) {
  parallel_ranges(rows, grain_rows(width), [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t at = row * width;
      rstd[row] =
          ops.simd().rms_norm_forward(x + at, gamma, normalized + at, y + at, width, epsilon);
    }
  });
}

void rms_norm_backward(Ops& ops, std::int64_t rows, std::int64_t width, float* dy,
                       const float* normalized, const float* gamma, const float* rstd,
                       const float* skip, float* dgamma) {
  const Tensor sums = row_sums(ops, rows, width, [&](std::int64_t row, float* sum) {
    const std::int64_t at = row * width;
    ops.simd().rms_norm_backward(dy + at, normalized + at, gamma,
                                 skip == nullptr ? nullptr : skip + at, rstd[row], sum, width);
  });
  std::memcpy(dgamma, sums.f32(), static_cast<std::size_t>(width) * sizeof(float));
}

}  // namespace pipetrain
