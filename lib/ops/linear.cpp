#include "ops/linear.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {

void linear_forward(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out,
                    ConstActivationPtr x, const float* weight, const float* bias, ActivationPtr y,
                    bool accumulate) {
  const MatmulShape shape{.m = rows,
                          .n = out,
                          .k = in,
                          .transpose_b = true,
                          .bias = bias != nullptr,
                          .accumulate = accumulate,
                          .dtype = x.dtype(),
                          .result = y.dtype()};
  ops.matmul(shape, x.data(), ops.weights_as(weight, out * in, x.dtype()), bias, y.data());
}

void linear_backward_input(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out,
                           ConstActivationPtr dy, const float* weight, ActivationPtr dx) {
  const MatmulShape shape{.m = rows, .n = in, .k = out, .dtype = dy.dtype(), .result = dx.dtype()};
  ops.matmul(shape, dy.data(), ops.weights_as(weight, out * in, dy.dtype()), nullptr, dx.data());
}

void linear_backward_weight(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out,
                            ConstActivationPtr dy, ConstActivationPtr x, float* dweight,
                            float* dbias, bool accumulate) {
  const MatmulShape shape{.m = out,
                          .n = in,
                          .k = rows,
                          .transpose_a = true,
                          .accumulate = accumulate,
                          .dtype = dy.dtype()};
  ops.matmul(shape, dy.data(), x.data(), nullptr, dweight);
  if (dbias != nullptr) column_sums(ops, rows, out, dy, dbias, accumulate);
}

void column_sums(Ops& ops, std::int64_t rows, std::int64_t columns, ConstActivationPtr x,
                 float* sums, bool accumulate) {
  constexpr std::int64_t kBlockRows = 64;
  const std::int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  Tensor partial(ops.pool(), {blocks, columns});
  with_entries(x.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t block = begin; block < end; ++block) {
        float* sum = partial.f32() + block * columns;
        const std::int64_t first = block * kBlockRows, last = std::min(rows, first + kBlockRows);
        simd.widen(x.as<T>() + first * columns, sum, columns);
        for (std::int64_t row = first + 1; row < last; ++row)
          simd.add_to_sums(sum, x.as<T>() + row * columns, columns);
      }
    });
  });
  std::int64_t block = 0;
  if (!accumulate) {
    std::memcpy(sums, partial.f32(), static_cast<std::size_t>(columns) * sizeof(float));
    block = 1;
  }
  for (; block < blocks; ++block)
    ops.simd().on_float32.add(sums, partial.f32() + block * columns, columns);
}

}  // namespace pipetrain
