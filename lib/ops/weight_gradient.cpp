#include "ops/weight_gradient.h"

#include <algorithm>
#include <cassert>
#include <cstdint>

#include "ops/bfloat16_products.h"
#include "ops/parallel.h"

namespace pipetrain {

// oneDNN fetches dweight too late where it is not in a cache. GFLOP/s of one core of a Zen 5 that
// peaks at 260 in float32 and 510 in bfloat16, adding to a dweight that comes from memory, by
// oneDNN and by our own kernel:
//   dweight (out, in)        float32     bfloat16
//   64 rows, (3072, 768)     112, 214    144, 377
//   64 rows, (50257, 768)    104, 203    128, 352
//   256 rows, (3072, 768)    192, 226    312, 450
//   256 rows, (50257, 768)   175, 213    280, 440
// From 1024 rows on, oneDNN is faster.
bool few_rows(const Ops& ops, std::int64_t rows, DType dtype) {
  constexpr std::int64_t kFew = 512;
  constexpr int kAvx512 = 16;
  return rows <= kFew && ops.simd().lanes == kAvx512 &&
         (dtype == DType::kFloat32 || multiplies_bfloat16());
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
