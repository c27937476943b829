#include "ops/bfloat16.h"

#include <cstdint>

#include "ops/parallel.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

constexpr std::int64_t kGrain = 4096;

}  // namespace

void widen(Ops& ops, std::int64_t n, const BFloat16* from, float* to) {
  const WorkScope scope(ops, [&] {
    return vector_work("widen", 0, {ConstMatrix(from, 1, n), ConstMatrix(to, 1, n)});
  });
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().on_bfloat16.widen(from + begin, to + begin, end - begin);
  });
}

void round(Ops& ops, std::int64_t n, const float* from, BFloat16* to) {
  const WorkScope scope(ops, [&] {
    return vector_work("round", 1, {ConstMatrix(from, 1, n), ConstMatrix(to, 1, n)});
  });
  parallel_ranges(n, kGrain, [&](std::int64_t begin, std::int64_t end, int) {
    ops.simd().on_bfloat16.round(from + begin, to + begin, end - begin);
  });
}

Tensor converted(Ops& ops, Tensor x, DType dtype) {
  if (x.dtype() == dtype) return x;
  Tensor y(ops.pool(), x.shape(), dtype);
  if (dtype == DType::kBFloat16) {
    round(ops, x.elements(), x.f32(), y.bf16());
  } else {
    widen(ops, x.elements(), x.bf16(), y.f32());
  }
  return y;
}

}  // namespace pipetrain
