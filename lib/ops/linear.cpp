#include "ops/linear.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/bfloat16.h"
#include "ops/parallel.h"
#include "ops/simd/row_products.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// Threads share the rows of W.
void products_of_few_rows(Ops& ops, const ConstMatrix& x, const ConstMatrix& weight,
                          const float* bias, const Matrix& y, bool accumulate) {
  constexpr std::int64_t kGrainWeights = 16384;
  const std::int64_t m = x.rows(), n = y.columns(), k = x.columns();
  with_entries(weight.dtype(), [&]<class W>() {
    const RowProducts<W> multiply = row_products_of(ops.simd()).on<W>();
    parallel_ranges(n, kGrainWeights / k + 1, [&](std::int64_t begin, std::int64_t end, int) {
      multiply({x.as<float>(), m, k, k}, {weight.row<W>(begin), end - begin, k, k},
               bias == nullptr ? nullptr : bias + begin, {y.as<float>() + begin, m, end - begin, n},
               accumulate);
    });
  });
}

}  // namespace

void linear_forward(Ops& ops, ConstMatrix x, const float* weight, const float* bias, Matrix y,
                    bool accumulate) {
  linear_forward(ops, x, ConstMatrix(weight, y.columns(), x.columns()), bias, y, accumulate);
}

void linear_forward(Ops& ops, ConstMatrix x, ConstMatrix weight, const float* bias, Matrix y,
                    bool accumulate) {
  assert(x.rows() == y.rows());
  const MatmulShape shape{.m = x.rows(),
                          .n = y.columns(),
                          .k = x.columns(),
                          .transpose_b = true,
                          .bias = bias != nullptr,
                          .accumulate = accumulate,
                          .weights = true,
                          .dtype = x.dtype(),
                          .result = y.dtype()};
  const WorkScope scope(ops, [&] { return product_work(shape, {shape.k, shape.n}); });
  const bool floats = x.dtype() == DType::kFloat32 && y.dtype() == DType::kFloat32;
  if (floats && x.rows() <= kFewRows) {
    return products_of_few_rows(ops, x, weight, bias, y, accumulate);
  }
  if (weight.dtype() == DType::kFloat32) {
    return ops.matmul(shape, x.data(), weight.data(), bias, y.data());
  }
  assert(floats);
  Tensor wide(ops.pool(), {shape.n, shape.k});
  widen(ops, wide.elements(), weight.as<BFloat16>(), wide.f32());
  MatmulShape of_copy = shape;
  of_copy.weights = false;
  ops.matmul(of_copy, x.data(), wide.data(), bias, y.data());
}

void linear_backward_input(Ops& ops, ConstMatrix dy, const float* weight, Matrix dx) {
  assert(dy.rows() == dx.rows());
  const MatmulShape shape{.m = dy.rows(),
                          .n = dx.columns(),
                          .k = dy.columns(),
                          .weights = true,
                          .dtype = dy.dtype(),
                          .result = dx.dtype()};
  const WorkScope scope(ops, [&] { return product_work(shape, {shape.n, shape.k}); });
  ops.matmul(shape, dy.data(), weight, nullptr, dx.data());
}

void linear_backward_weight(Ops& ops, ConstMatrix dy, ConstMatrix x, float* dweight, float* dbias,
                            bool accumulate) {
  assert(dy.rows() == x.rows());
  const MatmulShape shape{.m = dy.columns(),
                          .n = x.columns(),
                          .k = dy.rows(),
                          .transpose_a = true,
                          .accumulate = accumulate,
                          .dtype = dy.dtype()};
  const WorkScope scope(ops, [&] { return product_work(shape, {shape.n, shape.m}); });
  if (few_rows(ops, dy.rows(), dy.dtype())) {
    weight_gradient(ops, dy, x, dweight, accumulate);
  } else {
    ops.matmul(shape, dy.data(), x.data(), nullptr, dweight);
  }
  if (dbias != nullptr) column_sums(ops, dy, dbias, accumulate);
}

void column_sums(Ops& ops, ConstMatrix x, float* sums, bool accumulate) {
  const WorkScope scope(ops, [&] { return vector_work("column sums", 1, {x}); });
  constexpr std::int64_t kBlockRows = 64;
  const std::int64_t columns = x.columns(), blocks = (x.rows() + kBlockRows - 1) / kBlockRows;
  Tensor partial(ops.pool(), {blocks, columns});
  with_entries(x.dtype(), [&]<class T>() {
    const ActivationKernels<T>& simd = ops.simd().on<T>();
    parallel_ranges(blocks, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t block = begin; block < end; ++block) {
        float* sum = partial.f32() + block * columns;
        const std::int64_t first = block * kBlockRows;
        simd.widen(x.row<T>(first), sum, columns);
        for (std::int64_t row = first + 1; row < std::min(x.rows(), first + kBlockRows); ++row)
          simd.add_to_sums(sum, x.row<T>(row), columns);
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

// oneDNN fetches dweight too late where it is not in a cache. GFLOP/s of one core of a Zen 5 that
// peaks at 260 in float32 and 510 in bfloat16, adding to a dweight that comes from memory, by
// oneDNN and by our own kernel:
//   dweight (out, in)        float32     bfloat16
//   64 rows, (3072, 768)     112, 214    144, 377
//   64 rows, (50257, 768)    104, 203    128, 352
//   256 rows, (3072, 768)    192, 226    312, 450
//   256 rows, (50257, 768)   175, 213    280, 440
// From 1024 rows on, oneDNN is faster. One core of a Zen 3, whose AVX2 peaks at 78 in float32:
//   32 rows, (3072, 768)     31, 46
//   64 rows, (3072, 768)     47, 63      (768, 3072) 50, 64     (2304, 768) 50, 66
//   96 rows, (3072, 768)     52, 54
// From 128 rows on, oneDNN is faster there.
bool few_rows(const Ops& ops, std::int64_t rows, DType dtype) {
  constexpr int kAvx2 = 8, kAvx512 = 16;
  const int lanes = ops.simd().lanes;
  const std::int64_t few = lanes == kAvx512 ? 512 : lanes == kAvx2 ? 64 : 0;
  return rows <= few && (dtype == DType::kFloat32 || ops.multiplies_bfloat16());
}

void weight_gradient(Ops& ops, ConstMatrix dy, ConstMatrix x, float* dweight, bool accumulate) {
  assert(dy.rows() == x.rows());
  constexpr std::int64_t kLeastRows = 96;  // of dweight, for which a thread packs x
  const std::int64_t m = dy.columns(), n = x.columns(), threads = ops.threads();
  const std::int64_t down = std::clamp<std::int64_t>(m / kLeastRows, 1, threads);
  const std::int64_t across = (threads + down - 1) / down;
  const std::int64_t floats = transposed_scratch(x.rows(), n);
  Tensor scratch(ops.pool(), {threads, floats});
  with_entries(dy.dtype(), [&]<class T>() {
    parallel_ranges(down * across, 1, [&](std::int64_t begin, std::int64_t end, int thread) {
      for (std::int64_t part = begin; part < end; ++part) {
        const std::int64_t row = m * (part / across) / down;
        const std::int64_t rows = m * (part / across + 1) / down - row;
        const std::int64_t column = n * (part % across) / across;
        const std::int64_t columns = n * (part % across + 1) / across - column;
        ops.simd().on<T>().transposed_product({dy.as<T>() + row, dy.rows(), rows, m},
                                              {x.as<T>() + column, x.rows(), columns, n},
                                              {dweight + row * n + column, rows, columns, n},
                                              accumulate, scratch.f32() + thread * floats);
      }
    });
  });
}

}  // namespace pipetrain
