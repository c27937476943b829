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

float dot(const float* __restrict x, const float* __restrict y, std::int64_t n) {
  return sum(n, [&](auto at) { return at.load(x) * at.load(y); });
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

PIPETRAIN_INLINE Vector gelu_sigmoid(Vector x) {
  return 1.0f / (1.0f + fast_exp(-kTwiceRootTwoOverPi * (x + kCubic * x * x * x)));
}
}  // namespace

void gelu_forward(const float* __restrict x, float* __restrict y, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x);
    at.store(y, v * gelu_sigmoid(v));
  });
}

void gelu_backward(float* __restrict dy, float* __restrict x, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x), s = gelu_sigmoid(v);
    const Vector slope = kTwiceRootTwoOverPi * (1.0f + 3.0f * kCubic * v * v);
    at.store(dy, at.load(dy) * (s + v * s * (1.0f - s) * slope));
    at.store(x, v * s);
  });
}

// A NaN is not below zero, so it stays.
void relu_forward(const float* __restrict x, float* __restrict y, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] < 0.0f ? 0.0f : x[i];
}

void relu_backward(float* __restrict dy, float* __restrict x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    dy[i] = x[i] <= 0.0f ? 0.0f : dy[i];
    x[i] = x[i] < 0.0f ? 0.0f : x[i];
  }
}

// silu(x) = x * sigmoid(x), its slope sigmoid(x) * (1 + x * (1 - sigmoid(x))).
void swiglu_forward(const float* __restrict gate, const float* __restrict up, float* __restrict y,
                    std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector g = at.load(gate);
    at.store(y, g / (1.0f + fast_exp(-g)) * at.load(up));
  });
}

void swiglu_backward(float* __restrict dy, float* __restrict gate, float* __restrict up,
                     std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector g = at.load(gate), u = at.load(up), d = at.load(dy);
    const Vector sigmoid = 1.0f / (1.0f + fast_exp(-g)), silu = g * sigmoid;
    at.store(gate, d * u * (sigmoid + silu * (1.0f - sigmoid)));
    at.store(up, d * silu);
    at.store(dy, silu * u);
  });
}

void rotate(float* x, std::int64_t heads, std::int64_t half, const float* __restrict cosines,
            const float* __restrict sines, float direction) {
  for (std::int64_t head = 0; head < heads; ++head) {
    float* __restrict a = x + head * 2 * half;
    float* __restrict b = a + half;
    for (std::int64_t i = 0; i < half; ++i) {
      const float real = a[i], imaginary = b[i], sine = direction * sines[i];
      a[i] = real * cosines[i] - imaginary * sine;
      b[i] = imaginary * cosines[i] + real * sine;
    }
  }
}

void silu_forward(const float* __restrict x, float* __restrict y, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x);
    at.store(y, v / (1.0f + fast_exp(-v)));
  });
}

void silu_backward(float* __restrict dy, const float* __restrict x, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x), s = 1.0f / (1.0f + fast_exp(-v));
    at.store(dy, at.load(dy) * s * (1.0f + v * (1.0f - s)));
  });
}

void relu_with_mask(float* __restrict x, std::uint8_t* __restrict mask, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    mask[i] = x[i] <= 0.0f ? 0 : 1;
    x[i] = x[i] <= 0.0f ? 0.0f : x[i];  // NaN stays NaN
  }
}

void apply_mask(float* __restrict x, const std::uint8_t* __restrict mask, float factor,
                std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) x[i] = mask[i] != 0 ? x[i] * factor : 0.0f;
}

}  // namespace pipetrain::PIPETRAIN_ISA
