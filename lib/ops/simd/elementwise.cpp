#include "ops/simd/isa.h"

namespace pipetrain::PIPETRAIN_ISA {

float exp_scaled(float* __restrict x, std::int64_t n, float scale, float shift) {
  float sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    x[i] = fast_exp(scale * x[i] - shift);
    sum += x[i];
  }
  return sum;
}

float maximum(const float* __restrict x, std::int64_t n) {
  float largest = -__builtin_huge_valf();
  for (std::int64_t i = 0; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

float dot(const float* __restrict x, const float* __restrict y, std::int64_t n) {
  float sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

void scale(float* __restrict x, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

void add(float* __restrict to, const float* __restrict from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

void add_product(float* __restrict to, const float* __restrict x, const float* __restrict y,
                 std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += x[i] * y[i];
}

void softmax_backward(float* __restrict ds, const float* __restrict p, std::int64_t n, float delta,
                      float factor) {
  for (std::int64_t i = 0; i < n; ++i) ds[i] = p[i] * (ds[i] - delta) * factor;
}

// A finite number's exponent is not all ones; the sum of such exponents stays zero.
bool all_finite(const float* __restrict x, std::int64_t n) {
  std::uint32_t bad = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    std::uint32_t bits;
    __builtin_memcpy(&bits, x + i, sizeof bits);
    bad |= (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
  }
  return bad == 0;
}

double sum_squares(const float* __restrict x, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

// gelu(x) = x * sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3).
namespace {
constexpr float kTwiceRootTwoOverPi = 1.5957691216057308f;
constexpr float kCubic = 0.044715f;

[[gnu::always_inline]] inline float gelu_sigmoid(float x) {
  return 1.0f / (1.0f + fast_exp(-kTwiceRootTwoOverPi * (x + kCubic * x * x * x)));
}
}  // namespace

void gelu_forward(const float* __restrict x, float* __restrict y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * gelu_sigmoid(x[i]);
}

void gelu_backward(float* __restrict dy, float* __restrict x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float s = gelu_sigmoid(x[i]);
    const float slope = kTwiceRootTwoOverPi * (1.0f + 3.0f * kCubic * x[i] * x[i]);
    dy[i] *= s + x[i] * s * (1.0f - s) * slope;
    x[i] *= s;
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
