#include "ops/normalization.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/row_loops.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// The sums over the rows of `x` that add_row(kernels, row, sums) makes entry by entry in `sums`
// (width), as the first row of the result. Matrix are added in blocks of fixed size, then the
// blocks in order: the same bits at every number of threads.
template <class AddRow>
Tensor row_sums(Ops& ops, const ConstMatrix& x, std::int64_t width, const AddRow& add_row) {
  constexpr std::int64_t kBlockRows = 64;
  const std::int64_t blocks = (x.rows() + kBlockRows - 1) / kBlockRows;
  Tensor partial(ops.pool(), {blocks, width});
  with_entries(x.dtype(), [&]<class T>() {
    parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t block = begin; block < end; ++block) {
        float* sums = partial.f32() + block * width;
        std::memset(sums, 0, static_cast<std::size_t>(width) * sizeof(float));
        const std::int64_t last = std::min(x.rows(), (block + 1) * kBlockRows);
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

template <class T>
const T* skipped(const ConstMatrix& skip, std::int64_t row) {
  return skip.empty() ? nullptr : skip.row<T>(row);
}

}  // namespace

void layer_norm_forward(Ops& ops, const NormScale& scale, ConstMatrix x, Matrix normalized,
                        float* rstd, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("layer norm", 8, {x, normalized, y}); });
  for_rows(ops, x, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    rstd[row] =
        simd.layer_norm_forward(x.row<T>(row), scale.gamma, scale.beta, normalized.row<T>(row),
                                y.row<T>(row), x.columns(), scale.epsilon);
  });
}

void norm_replay(Ops& ops, const NormScale& scale, ConstMatrix normalized, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("norm replay", 2, {normalized, y}); });
  for_rows(ops, y, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    simd.scale_shift(normalized.row<T>(row), scale.gamma, scale.beta, y.row<T>(row), y.columns());
  });
}

void layer_norm_backward(Ops& ops, const float* gamma, Matrix dy, ConstMatrix normalized,
                         const float* rstd, ConstMatrix skip, float* dgamma, float* dbeta) {
  const WorkScope scope(ops,
                        [&] { return vector_work("layer norm", 14, {dy, dy, normalized, skip}); });
  const std::int64_t width = dy.columns();
  const Tensor sums = row_sums(
      ops, dy, 2 * width,
      [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row, float* sum) {
        simd.layer_norm_backward(dy.row<T>(row), normalized.row<T>(row), gamma,
                                 skipped<T>(skip, row), rstd[row], sum, sum + width, width);
      });
  const auto bytes = static_cast<std::size_t>(width) * sizeof(float);
  std::memcpy(dgamma, sums.f32(), bytes);
  std::memcpy(dbeta, sums.f32() + width, bytes);
}

void rms_norm_forward(Ops& ops, const NormScale& scale, ConstMatrix x, Matrix normalized,
                      float* rstd, Matrix y) {
  const WorkScope scope(ops, [&] { return vector_work("rms norm", 5, {x, normalized, y}); });
  for_rows(ops, x, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row) {
    rstd[row] = simd.rms_norm_forward(x.row<T>(row), scale.gamma, normalized.row<T>(row),
                                      y.row<T>(row), x.columns(), scale.epsilon);
  });
}

void rms_norm_backward(Ops& ops, const float* gamma, Matrix dy, ConstMatrix normalized,
                       const float* rstd, ConstMatrix skip, float* dgamma) {
  const WorkScope scope(ops,
                        [&] { return vector_work("rms norm", 10, {dy, dy, normalized, skip}); });
  const std::int64_t width = dy.columns();
  const Tensor sums = row_sums(
      ops, dy, width, [&]<class T>(const ActivationKernels<T>& simd, std::int64_t row, float* sum) {
        simd.rms_norm_backward(dy.row<T>(row), normalized.row<T>(row), gamma, skipped<T>(skip, row),
                               rstd[row], sum, width);
      });
  std::memcpy(dgamma, sums.f32(), static_cast<std::size_t>(width) * sizeof(float));
}

}  // namespace pipetrain
