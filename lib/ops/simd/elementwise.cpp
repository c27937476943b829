#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

float exp_scaled(float* __restrict x, std::int64_t n, float scale, float shift) {
  Vector sums{};
  for_each_vector(n, [&](auto at) {
    const Vector power = fast_exp(at.load(x) * scale - shift);
    at.store(x, power);
    sums += at.keep(power, Vector{});
  });
  return lane_sum(sums);
}

float maximum(const float* __restrict x, std::int64_t n) {
  const Vector largest = reduce(
      n, -__builtin_huge_valf(), [&](auto at) { return at.load(x); },
      [](Vector a, Vector b) { return b > a ? b : a; });
  float result = largest[0];
  for (int lane = 1; lane < kLanes; ++lane)
    result = largest[lane] > result ? largest[lane] : result;
  return result;
}

void scale(float* __restrict x, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

void softmax_backward(float* __restrict ds, const float* __restrict p, std::int64_t n, float delta,
                      float factor) {
  for (std::int64_t i = 0; i < n; ++i) ds[i] = p[i] * (ds[i] - delta) * factor;
}

double sum_squares(const float* __restrict x, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

}  // namespace pipetrain::PIPETRAIN_ISA
