#include "ops/linear.h"

#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {

void linear_forward(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out, const float* x,
                    const float* weight, const float* bias, float* y, bool accumulate) {
  const MatmulShape shape{.m = rows,
                          .n = out,
                          .k = in,
                          .transpose_b = true,
                          .bias = bias != nullptr,
                          .accumulate = accumulate};
  ops.matmul(shape, x, weight, bias, y);
}

void linear_backward_input(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out,
                           const float* dy, const float* weight, float* dx) {
  ops.matmul({.m = rows, .n = in, .k = out}, dy, weight, nullptr, dx);
}

void linear_backward_weight(Ops& ops, std::int64_t rows, std::int64_t in, std::int64_t out,
                            const float* dy, const float* x, float* dweight, float* dbias,
                            bool accumulate) {
  ops.matmul({.m = out, .n = in, .k = rows, .transpose_a = true, .accumulate = accumulate}, dy, x,
             nullptr, dweight);
  if (dbias != nullptr) column_sums(ops, rows, out, dy, dbias, accumulate);
}

void column_sums(Ops& ops, std::int64_t rows, std::int64_t columns, const float* x, float* sums,
                 bool accumulate) {
  constexpr std::int64_t kBlockRows = 64;
  const std::int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  Tensor partial(ops.pool(), {blocks, columns});
  parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t block = begin; block < end; ++block) {
      float* sum = partial.f32() + block * columns;
      const std::int64_t first = block * kBlockRows, last = std::min(rows, first + kBlockRows);
      std::memcpy(sum, x + first * columns, static_cast<std::size_t>(columns) * sizeof(float));
      for (std::int64_t row = first + 1; row < last; ++row)
        ops.simd().add(sum, x + row * columns, columns);
    }
  });
  std::int64_t block = 0;
  if (!accumulate) {
    std::memcpy(sums, partial.f32(), static_cast<std::size_t>(columns) * sizeof(float));
    block = 1;
  }
  for (; block < blocks; ++block) ops.simd().add(sums, partial.f32() + block * columns, columns);
}

}  // namespace pipetrain
