// Vectors of pairs of bfloat16 entries: the product of two is added to a float32 in each lane. It
// must not know where they come from.
#pragma once

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

struct PairVector {
  BitVector bits;
};
typedef std::uint32_t LooseBitVector
    __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES), aligned(4), may_alias));

PIPETRAIN_INLINE PairVector load(const BFloat16Pair* p) {
  return {*reinterpret_cast<const LooseBitVector*>(p)};
}
PIPETRAIN_INLINE PairVector filled(BFloat16Pair pair) { return {pair.bits + BitVector{}}; }

// c + a.first * b.first + a.second * b.second. The instruction takes denormal numbers as 0.
PIPETRAIN_INLINE Vector multiply_add(PairVector a, PairVector b, Vector c) {
#ifdef __AVX512BF16__
  return _mm512_dpbf16_ps(c, (__m512bh)a.bits, (__m512bh)b.bits);
#else
  const auto first = [](PairVector v) { return reinterpret_cast<Vector>(v.bits << 16); };
  const auto second = [](PairVector v) { return reinterpret_cast<Vector>(v.bits & 0xFFFF0000u); };
  return multiply_add(first(a), first(b), multiply_add(second(a), second(b), c));
#endif
}

}  // namespace pipetrain::PIPETRAIN_ISA
