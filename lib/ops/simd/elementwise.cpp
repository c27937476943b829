#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

float exp_scaled(float* __restrict x, std::int64_t n, ScaleShift by) {
  Vector sums{};
  for_each_vector(n, [&](auto at) {
    const Vector power = fast_exp(multiply_add(at.load(x), filled(by.scale), filled(-by.shift)));
    at.store(x, power);
    sums += at.keep(power, Vector{});
  });
  return lane_sum(sums);
}

namespace {
PIPETRAIN_INLINE double square(float x) { return static_cast<double>(x) * static_cast<double>(x); }
}  // namespace

float maximum(const float* __restrict x, std::int64_t n) {
  return lane_maximum(reduce(
      n, -__builtin_huge_valf(), [&](Vector so_far, auto at) { return larger(so_far, at.load(x)); },
      larger));
}

void scale(float* __restrict x, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

void softmax_backward(float* __restrict ds, float* __restrict p, std::int64_t n, ScaleShift by,
                      SoftmaxRow row) {
  const Vector factor = filled(row.factor), shift = filled(-row.delta * row.factor);
  for_each_vector(n, [&](auto at) {
    const Vector power = fast_exp(multiply_add(at.load(p), filled(by.scale), filled(-by.shift)));
    at.store(p, power);
    at.store(ds, power * multiply_add(at.load(ds), factor, shift));
  });
}

double sum_squares(const float* __restrict x, std::int64_t n) {
  constexpr int kSums = 2 * kLanes;
  double sums[kSums] = {};
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums) {
    for (int j = 0; j < kSums; ++j) sums[j] += square(x[i + j]);
  }
  for (int j = 0; i + j < n; ++j) sums[j] += square(x[i + j]);
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}

}  // namespace pipetrain::PIPETRAIN_ISA
