// Vectors of the instruction set that is being compiled, and the loops over them. What is left over
// at the end of a row goes through the same arithmetic in a vector of its own, so an entry's result
// does not depend on its place: the compiler may neither reorder sums nor fuse products into them
// (meson.build), which it would do differently in the two; where that pays, multiply_add says so.
// Reductions keep four sums, since one would wait for each addition. Memory holds float or bfloat16
// entries; all arithmetic is in float32.
#pragma once

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#include <cstdint>
#include <utility>

#include "ops/simd/isa.h"

#if defined(__AVX512F__)
#define PIPETRAIN_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define PIPETRAIN_VECTOR_BYTES 32
#else
#define PIPETRAIN_VECTOR_BYTES 16
#endif
#define PIPETRAIN_INLINE [[gnu::always_inline]] inline

namespace pipetrain::PIPETRAIN_ISA {

constexpr int kLanes = PIPETRAIN_VECTOR_BYTES / 4;
typedef float Vector __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES)));
typedef std::int32_t IntVector __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES)));
// The same, for memory that is only aligned to a float.
typedef float LooseVector
    __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES), aligned(4), may_alias));

typedef std::uint32_t BitVector __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES)));
typedef std::uint16_t HalfVector __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES / 2)));
typedef std::uint16_t LooseHalfVector
    __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES / 2), aligned(2), may_alias));

PIPETRAIN_INLINE Vector load(const float* p) { return *reinterpret_cast<const LooseVector*>(p); }
PIPETRAIN_INLINE void store(float* p, Vector v) { *reinterpret_cast<LooseVector*>(p) = v; }
PIPETRAIN_INLINE Vector filled(float value) { return value - Vector{}; }  // -0, too

// a * b + c, rounded once where the instruction set has fused multiply-adds, else twice.
PIPETRAIN_INLINE float multiply_add(float a, float b, float c) {
#if defined(__FMA__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
PIPETRAIN_INLINE Vector multiply_add(Vector a, Vector b, Vector c) {
#if defined(__AVX512F__)
  return __builtin_ia32_vfmaddps512_mask(a, b, c, -1, 4);  // 4: rounded as everything else
#elif defined(__AVX2__) && defined(__FMA__)
  return __builtin_ia32_vfmaddps256(a, b, c);
#else
  return a * b + c;
#endif
}

PIPETRAIN_INLINE Vector load(const BFloat16* p) {
  const HalfVector halves = *reinterpret_cast<const LooseHalfVector*>(p);
#if defined(__AVX512F__)  // in one instruction, where compilers take four
  const auto widened = (BitVector)_mm512_maskz_cvtepu16_epi32(-1, (__m256i)halves);
#else
  const BitVector widened = __builtin_convertvector(halves, BitVector);
#endif
  return reinterpret_cast<Vector>(widened << 16);
}
// To the nearest, of two the even one; a NaN stays one, made quiet. With AVX512_BF16, numbers below
// the smallest normal one become 0, which its products take them for anyway.
PIPETRAIN_INLINE HalfVector rounded(Vector v) {
#if defined(__AVX512BF16__)
  return (HalfVector)_mm512_cvtneps_pbh((__m512)v);
#else
  const BitVector bits = reinterpret_cast<BitVector>(v);
  const BitVector nearest = bits + 0x7FFF + ((bits >> 16) & 1);
  const BitVector kept = v != v ? bits | 0x400000 : nearest;
#if defined(__AVX512F__)
  return (HalfVector)_mm512_maskz_cvtepi32_epi16(-1, (__m512i)(kept >> 16));
#else
  return __builtin_convertvector(kept >> 16, HalfVector);
#endif
#endif
}
PIPETRAIN_INLINE void store(BFloat16* p, Vector v) {
  *reinterpret_cast<LooseHalfVector*>(p) = rounded(v);
}

// NaN stays NaN.
PIPETRAIN_INLINE Vector at_least(Vector x, Vector bound) {
#if defined(__AVX512F__)
  return (Vector)_mm512_maskz_max_ps(-1, (__m512)bound, (__m512)x);
#elif defined(__AVX2__)
  return (Vector)_mm256_max_ps((__m256)bound, (__m256)x);
#elif defined(__SSE2__)
  return (Vector)_mm_max_ps((__m128)bound, (__m128)x);
#else
  return x < bound ? bound : x;
#endif
}
PIPETRAIN_INLINE Vector at_most(Vector x, Vector bound) { return -at_least(-x, -bound); }

// The same for one entry, in loops that the compiler turns into vectors.
PIPETRAIN_INLINE float get(float entry) { return entry; }
PIPETRAIN_INLINE void set(float& entry, float value) { entry = value; }
PIPETRAIN_INLINE float get(BFloat16 entry) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(entry.bits) << 16);
}
PIPETRAIN_INLINE void set(BFloat16& entry, float value) {
  const auto bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t nearest = bits + 0x7FFF + ((bits >> 16) & 1);
  const std::uint32_t kept = value != value ? bits | 0x400000 : nearest;
  entry.bits = static_cast<std::uint16_t>(kept >> 16);
}

PIPETRAIN_INLINE IntVector lane_numbers() {
  IntVector numbers;
  for (int lane = 0; lane < kLanes; ++lane) numbers[lane] = lane;
  return numbers;
}

// The first `count` < kLanes entries, 0 in the lanes behind them; nothing behind them is touched.
template <class T>
PIPETRAIN_INLINE Vector load_first(const T* p, std::int64_t count) {
  float entries[kLanes] = {};
  for (std::int64_t i = 0; i < count; ++i) entries[i] = get(p[i]);
  return load(entries);
}
template <class T>
PIPETRAIN_INLINE void store_first(T* p, std::int64_t count, Vector v) {
  T entries[kLanes];
  store(entries, v);
  for (std::int64_t i = 0; i < count; ++i) p[i] = entries[i];
}
#if defined(__AVX512F__)
PIPETRAIN_INLINE Vector load_first(const float* p, std::int64_t count) {
  return (Vector)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), p);
}
PIPETRAIN_INLINE void store_first(float* p, std::int64_t count, Vector v) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << count) - 1), (__m512)v);
}
#elif defined(__AVX2__)
PIPETRAIN_INLINE Vector load_first(const float* p, std::int64_t count) {
  const IntVector first = lane_numbers() < static_cast<std::int32_t>(count);
  return (Vector)_mm256_maskload_ps(p, (__m256i)first);
}
PIPETRAIN_INLINE void store_first(float* p, std::int64_t count, Vector v) {
  const IntVector first = lane_numbers() < static_cast<std::int32_t>(count);
  _mm256_maskstore_ps(p, (__m256i)first, (__m256)v);
}
#endif

// Where a loop is: kLanes entries from `at` on ...
struct Whole {
  std::int64_t at;
  template <class T>
  PIPETRAIN_INLINE Vector load(const T* p) const {
    return PIPETRAIN_ISA::load(p + at);
  }
  template <class T>
  PIPETRAIN_INLINE void store(T* p, Vector v) const {
    PIPETRAIN_ISA::store(p + at, v);
  }
  PIPETRAIN_INLINE Vector keep(Vector v, Vector) const { return v; }
};
// ... or the last `count` < kLanes of them.
struct Part {
  std::int64_t at, count;
  template <class T>
  PIPETRAIN_INLINE Vector load(const T* p) const {
    return load_first(p + at, count);
  }
  template <class T>
  PIPETRAIN_INLINE void store(T* p, Vector v) const {
    store_first(p + at, count, v);
  }
  // v in the lanes that hold entries, `other` in the rest.
  PIPETRAIN_INLINE Vector keep(Vector v, Vector other) const {
    return lane_numbers() < static_cast<std::int32_t>(count) ? v : other;
  }
};

template <class Body>
PIPETRAIN_INLINE void for_each_vector(std::int64_t n, const Body& body) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(Whole{i});
  if (i < n) body(Part{i, n - i});
}

// Each lane's entries taken in by take(so far, where), in some fixed order: `so far` is `start` or
// what was taken in, and `combine` joins two such.
template <class Take, class Combine>
PIPETRAIN_INLINE Vector reduce(std::int64_t n, float start, const Take& take,
                               const Combine& combine) {
  const Vector first = filled(start);
  Vector r0 = first, r1 = first, r2 = first, r3 = first;
  std::int64_t i = 0;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    r0 = take(r0, Whole{i});
    r1 = take(r1, Whole{i + kLanes});
    r2 = take(r2, Whole{i + 2 * kLanes});
    r3 = take(r3, Whole{i + 3 * kLanes});
  }
  for (; i + kLanes <= n; i += kLanes) r0 = take(r0, Whole{i});
  if (i < n) {
    const Part part{i, n - i};
    r1 = part.keep(take(r1, part), r1);
  }
  return combine(combine(r0, r1), combine(r2, r3));
}

// Lane `lane` of the result is lane number(lane, half) of a, from kLanes on of b.
template <int (*number)(int, int), int half, int... lane>
PIPETRAIN_INLINE Vector shuffled(Vector a, Vector b, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(a, b, number(lane, half)...);
}
template <int (*number)(int, int), int half>
PIPETRAIN_INLINE Vector shuffled(Vector a, Vector b) {
  return shuffled<number, half>(a, b, std::make_integer_sequence<int, kLanes>{});
}

constexpr int other_half(int lane, int half) { return lane ^ half; }
template <int half = kLanes / 2>
PIPETRAIN_INLINE float lane_sum(Vector v) {
  if constexpr (half == 0) {
    return v[0];
  } else {
    return lane_sum<half / 2>(v + shuffled<other_half, half>(v, v));
  }
}

PIPETRAIN_INLINE Vector larger(Vector a, Vector b) { return b > a ? b : a; }
template <int half = kLanes / 2>
PIPETRAIN_INLINE float lane_maximum(Vector v) {
  if constexpr (half == 0) {
    return v[0];
  } else {
    return lane_maximum<half / 2>(larger(v, shuffled<other_half, half>(v, v)));
  }
}

template <class Take>
PIPETRAIN_INLINE float sum(std::int64_t n, const Take& take) {
  return lane_sum(reduce(n, 0.0f, take, [](Vector a, Vector b) { return a + b; }));
}

// exp(x): 2^n p(r) with n = round(x / ln 2), p of degree 6 (Taylor's, |r| <= ln 2 / 2). Relative
// error below 5e-7 with fused multiply-adds; without, r is rounded: below 5e-6 at |x| = 88. NaN
// stays NaN; outside [-87, 88] the result is that of the bound, so it is never infinite or
// denormal.
PIPETRAIN_INLINE Vector fast_exp(Vector x) {
  x = at_most(at_least(x, filled(-87.0f)), filled(88.0f));
  // n + 127, the exponent of 2^n: positive, so that cutting off the fraction rounds downwards.
  const IntVector exponent =
      __builtin_convertvector(multiply_add(x, filled(1.44269504f), filled(127.5f)), IntVector);
  const Vector power = __builtin_convertvector(exponent, Vector) - 127.0f;
  const Vector r = multiply_add(power, filled(-0.693147181f), x);
  Vector p = filled(1.0f / 720);
  p = multiply_add(p, r, filled(1.0f / 120));
  p = multiply_add(p, r, filled(1.0f / 24));
  p = multiply_add(p, r, filled(1.0f / 6));
  p = multiply_add(p, r, filled(0.5f));
  p = multiply_add(p, r, filled(1.0f));
  p = multiply_add(p, r, filled(1.0f));
  return p * reinterpret_cast<Vector>(exponent << 23);
}

}  // namespace pipetrain::PIPETRAIN_ISA
