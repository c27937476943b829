// The kernels on activations and their gradients, entry by entry, of float or bfloat16 entries:
// each computes in float32 and rounds when it writes. table.cpp makes them of both kinds. They must
// not know more than plain memory.
#pragma once

#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

template <class From, class To>
void convert(const From* __restrict from, To* __restrict to, std::int64_t n) {
  for_each_vector(n, [&](auto at) { at.store(to, at.load(from)); });
}

template <class To, class From>
void add(To* __restrict to, const From* __restrict from, std::int64_t n) {
  for_each_vector(n, [&](auto at) { at.store(to, at.load(to) + at.load(from)); });
}

template <class T>
void add_product(T* __restrict to, const float* __restrict x, const float* __restrict factors,
                 std::int64_t n) {
  for_each_vector(n, [&](auto at) { at.store(to, at.load(to) + at.load(x) * at.load(factors)); });
}

template <class T>
void multiply(const T* x, const float* __restrict factors, T* y, std::int64_t n) {
  for_each_vector(n, [&](auto at) { at.store(y, at.load(x) * at.load(factors)); });
}

template <class T>
void scale_entries(T* x, std::int64_t n, float factor) {
  for_each_vector(n, [&](auto at) { at.store(x, at.load(x) * factor); });
}

template <class T>
float dot(const T* __restrict x, const T* __restrict y, std::int64_t n) {
  return sum(n,
             [&](Vector so_far, auto at) { return multiply_add(at.load(x), at.load(y), so_far); });
}

// A finite number's exponent is not all ones; the sum of such exponents stays zero.
template <class T>
bool all_finite(const T* __restrict x, std::int64_t n) {
  std::uint32_t bad = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto bits = __builtin_bit_cast(std::uint32_t, get(x[i]));
    bad |= (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
  }
  return bad == 0;
}

// gelu(x) = x * sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3).
constexpr float kTwiceRootTwoOverPi = 1.5957691216057308f;
constexpr float kCubic = 0.044715f;

PIPETRAIN_INLINE Vector gelu_sigmoid(Vector x) {
  const Vector factor =
      multiply_add(x * x, filled(-kTwiceRootTwoOverPi * kCubic), filled(-kTwiceRootTwoOverPi));
  return 1.0f / (1.0f + fast_exp(factor * x));
}

template <class T>
void gelu_forward(const T* __restrict x, T* __restrict y, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x);
    at.store(y, v * gelu_sigmoid(v));
  });
}

template <class T>
void gelu_backward(T* __restrict dy, T* __restrict x, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x), s = gelu_sigmoid(v), y = v * s;
    const Vector slope = multiply_add(v * v, filled(3.0f * kTwiceRootTwoOverPi * kCubic),
                                      filled(kTwiceRootTwoOverPi));
    at.store(dy, at.load(dy) * multiply_add(y * (1.0f - s), slope, s));
    at.store(x, y);
  });
}

template <class T>
void geglu_forward(const T* __restrict gate_up, T* __restrict y, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector g = at.load(gate_up);
    at.store(y, g * gelu_sigmoid(g) * at.load(gate_up + n));
  });
}

template <class T>
void geglu_backward(T* __restrict dy, T* __restrict gate_up, std::int64_t n) {
  T* __restrict up = gate_up + n;
  for_each_vector(n, [&](auto at) {
    const Vector g = at.load(gate_up), u = at.load(up), d = at.load(dy);
    const Vector s = gelu_sigmoid(g), gelu = g * s;
    const Vector slope = multiply_add(g * g, filled(3.0f * kTwiceRootTwoOverPi * kCubic),
                                      filled(kTwiceRootTwoOverPi));
    at.store(gate_up, d * u * multiply_add(gelu * (1.0f - s), slope, s));
    at.store(up, d * gelu);
    at.store(dy, gelu * u);
  });
}

// The normal distribution function of x, and its density. Of -|x| the first is a polynomial of
// 1 / (1 + p |x| / sqrt(2)) times exp(-x^2 / 2) (Abramowitz and Stegun 1964, formula 7.1.26):
// within 1e-7.
struct Normal {
  Vector probability, density;
};
PIPETRAIN_INLINE Normal normal_of(Vector x) {
  constexpr float kRootHalf = 0.70710678f, kDensity = 0.39894228f;
  const Vector distance = x < 0.0f ? -x : x;
  const Vector power = fast_exp(-0.5f * x * x);
  const Vector t = 1.0f / multiply_add(distance, filled(0.3275911f * kRootHalf), filled(1.0f));
  Vector sum = filled(0.5f * 1.061405429f);
  sum = multiply_add(sum, t, filled(0.5f * -1.453152027f));
  sum = multiply_add(sum, t, filled(0.5f * 1.421413741f));
  sum = multiply_add(sum, t, filled(0.5f * -0.284496736f));
  sum = multiply_add(sum, t, filled(0.5f * 0.254829592f));
  const Vector tail = sum * t * power;
  return {x < 0.0f ? tail : 1.0f - tail, kDensity * power};
}

template <class T>
void exact_gelu_forward(const T* __restrict x, T* __restrict y, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x);
    at.store(y, v * normal_of(v).probability);
  });
}

template <class T>
void exact_gelu_backward(T* __restrict dy, T* __restrict x, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x);
    const Normal normal = normal_of(v);
    at.store(dy, at.load(dy) * multiply_add(v, normal.density, normal.probability));
    at.store(x, v * normal.probability);
  });
}

// tanh(x): near 0 its series to the ninth power, else by the exponential; within 3e-7 of itself.
PIPETRAIN_INLINE Vector fast_tanh(Vector x) {
  const Vector square = x * x;
  Vector series = filled(62.0f / 2835);
  series = multiply_add(series, square, filled(-17.0f / 315));
  series = multiply_add(series, square, filled(2.0f / 15));
  series = multiply_add(series, square, filled(-1.0f / 3));
  series = multiply_add(series * square, x, x);
  const Vector far = 1.0f - 2.0f / (1.0f + fast_exp(2.0f * x));
  return square < 0.0625f ? series : far;
}

template <class T>
void soft_cap(T* x, std::int64_t n, SoftCap by) {
  for_each_vector(n, [&](auto at) { at.store(x, by.cap * fast_tanh(by.factor * at.load(x))); });
}

template <class T>
void soft_cap_backward(T* __restrict dy, const T* __restrict y, std::int64_t n, float cap) {
  const float inverse = 1.0f / cap;
  for_each_vector(n, [&](auto at) {
    const Vector part = inverse * at.load(y);
    at.store(dy, at.load(dy) * (1.0f - part * part));
  });
}

// A NaN is not below zero, so it stays.
template <class T>
void relu_forward(const T* __restrict x, T* __restrict y, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x);
    at.store(y, v < 0.0f ? Vector{} : v);
  });
}

template <class T>
void relu_backward(T* __restrict dy, T* __restrict x, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x);
    at.store(dy, v <= 0.0f ? Vector{} : at.load(dy));
    at.store(x, v < 0.0f ? Vector{} : v);
  });
}

// silu(x) = x * sigmoid(x), its slope sigmoid(x) * (1 + x * (1 - sigmoid(x))).
template <class T>
void swiglu_forward(const T* __restrict gate_up, T* __restrict y, std::int64_t n) {
  const T* __restrict gate = gate_up;
  const T* __restrict up = gate_up + n;
  for_each_vector(n, [&](auto at) {
    const Vector g = at.load(gate);
    at.store(y, g / (1.0f + fast_exp(-g)) * at.load(up));
  });
}

template <class T>
void swiglu_backward(T* __restrict dy, T* __restrict gate_up, std::int64_t n) {
  T* __restrict gate = gate_up;
  T* __restrict up = gate_up + n;
  for_each_vector(n, [&](auto at) {
    const Vector g = at.load(gate), u = at.load(up), d = at.load(dy);
    const Vector sigmoid = 1.0f / (1.0f + fast_exp(-g)), silu = g * sigmoid;
    at.store(gate, d * u * multiply_add(silu, 1.0f - sigmoid, sigmoid));
    at.store(up, d * silu);
    at.store(dy, silu * u);
  });
}

template <class T>
void rotate(T* x, HeadPairs pairs, const float* __restrict cosines, const float* __restrict sines,
            float direction) {
  for (std::int64_t head = 0; head < pairs.heads; ++head) {
    T* __restrict a = x + head * pairs.stride;
    T* __restrict b = a + pairs.half;
    for_each_vector(pairs.half, [&](auto at) {
      const Vector real = at.load(a), imaginary = at.load(b), cosine = at.load(cosines);
      const Vector sine = direction * at.load(sines);
      at.store(a, multiply_add(real, cosine, -(imaginary * sine)));
      at.store(b, multiply_add(imaginary, cosine, real * sine));
    });
  }
}

template <class T>
void silu_forward(const T* __restrict x, T* __restrict y, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x);
    at.store(y, v / (1.0f + fast_exp(-v)));
  });
}

template <class T>
void silu_backward(T* __restrict dy, const T* __restrict x, std::int64_t n) {
  for_each_vector(n, [&](auto at) {
    const Vector v = at.load(x), s = 1.0f / (1.0f + fast_exp(-v));
    at.store(dy, at.load(dy) * s * multiply_add(v, 1.0f - s, filled(1.0f)));
  });
}

template <class T>
void relu_with_mask(T* __restrict x, std::uint8_t* __restrict mask, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const float value = get(x[i]);
    mask[i] = value <= 0.0f ? 0 : 1;
    set(x[i], value <= 0.0f ? 0.0f : value);  // NaN stays NaN
  }
}

template <class T>
void apply_mask(T* __restrict x, const std::uint8_t* __restrict mask, float factor,
                std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) set(x[i], mask[i] != 0 ? get(x[i]) * factor : 0.0f);
}

}  // namespace pipetrain::PIPETRAIN_ISA
