#include "ops/normalization.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kGrainElements = 4096;  // fewer than this are not worth waking a thread for

// body(kernels, row, at) for each row, which begins at entry `at`.
template <class Body>
void for_rows(Ops& ops, std::int64_t rows, std::int64_t width, DType dtype, const Body& body) {
  const std::int64_t grain = std::max<std::int64_t>(1, kGrainElements / width);
  with_entries(dtype, [&]<class T>() {
    parallel_ranges(rows, grain, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) body(ops.simd().on<T>(), row, row * width);
    });
  });
}

// The sums over rows that add_row(kernels, row, sums) makes entry by entry in `sums` (width), as
// the first row of the result. Rows are added in blocks of fixed size, then the blocks in order:
// the same bits at every number of threads.
template <class AddRow>
Tensor row_sums(Ops& ops, std::int64_t rows, std::int64_t width, DType dtype,
                const AddRow& add_row) {
  constexpr std::int64_t kBlockRows = 64;
  const std::int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  Tensor partial(ops.pool(), {blocks, width});
  with_entries(dtype, [&]<class T>() {
    parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t block = begin; block < end; ++block) {
        float* sums = partial.f32() + block * width;
        std::memset(sums, 0, static_cast<std::size_t>(width) * sizeof(float));
        const std::int64_t last = std::min(rows, (block + 1) * kBlockRows);
        for (std::int64_t row = block * kBlockRows; row < last; ++row) {
          add_row(ops.simd().on<T>(), row, sums);
        }
      }
    });
  });
  for (std::int64_t block = 1; block < blocks; ++block) {
    ops.simd().on_float32.add(partial.f32(), partial.f32() + block * width, width);
  }
  return partial;
}

}  // namespace

void layer_norm_forward(Ops& ops, std::int64_t rows, std::int64_t width, ConstActivationPtr x,
                        const float* gamma, const float* beta, ActivationPtr normalized,
                        float* rstd, ActivationPtr y, float epsilon) {
  for_rows(ops, rows, width, x.dtype(),
           [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row, std::int64_t at) {
             rstd[row] =
                 simd.layer_norm_forward(x.as<T>() + at, gamma, beta, normalized.as<T>() + at,
                                         y.as<T>() + at, width, epsilon);
           });
}

void norm_replay(Ops& ops, std::int64_t rows, std::int64_t width, ConstActivationPtr normalized,
                 const float* gamma, const float* beta, ActivationPtr y) {
  for_rows(ops, rows, width, y.dtype(),
           [&]<class T>(const ActivationKernels<T>& simd, std::int64_t, std::int64_t at) {
             simd.scale_shift(normalized.as<T>() + at, gamma, beta, y.as<T>() + at, width);
           });
}

void layer_norm_backward(Ops& ops, std::int64_t rows, std::int64_t width, ActivationPtr dy,
                         ConstActivationPtr normalized, const float* gamma, const float* rstd,
                         ConstActivationPtr skip, float* dgamma, float* dbeta) {
  const Tensor sums =
      row_sums(ops, rows, 2 * width, dy.dtype(),
               [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row, float* sum) {
                 const std::int64_t at = row * width;
                 const T* skipped = skip.data() == nullptr ? nullptr : skip.as<T>() + at;
                 simd.layer_norm_backward(dy.as<T>() + at, normalized.as<T>() + at, gamma, skipped,
                                          rstd[row], sum, sum + width, width);
               });
  const auto bytes = static_cast<std::size_t>(width) * sizeof(float);
  std::memcpy(dgamma, sums.f32(), bytes);
  std::memcpy(dbeta, sums.f32() + width, bytes);
}

void rms_norm_forward(Ops& ops, std::int64_t rows, std::int64_t width, ConstActivationPtr x,
                      const float* gamma, ActivationPtr normalized, float* rstd, ActivationPtr y,
                      float epsilon) {
  for_rows(ops, rows, width, x.dtype(),
           [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row, std::int64_t at) {
             rstd[row] = simd.rms_norm_forward(x.as<T>() + at, gamma, normalized.as<T>() + at,
                                               y.as<T>() + at, width, epsilon);
           });
}

void rms_norm_backward(Ops& ops, std::int64_t rows, std::int64_t width, ActivationPtr dy,
                       ConstActivationPtr normalized, const float* gamma, const float* rstd,
                       ConstActivationPtr skip, float* dgamma) {
  const Tensor sums =
      row_sums(ops, rows, width, dy.dtype(),
               [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row, float* sum) {
                 const std::int64_t at = row * width;
                 const T* skipped = skip.data() == nullptr ? nullptr : skip.as<T>() + at;
                 simd.rms_norm_backward(dy.as<T>() + at, normalized.as<T>() + at, gamma, skipped,
                                        rstd[row], sum, width);
               });
  std::memcpy(dgamma, sums.f32(), static_cast<std::size_t>(width) * sizeof(float));
}

}  // namespace pipetrain
