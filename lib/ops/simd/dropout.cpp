#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstdint>

#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {
namespace {

// A Philox word in the lower half of each lane; what is in the upper half does not matter.
constexpr int kWideLanes = kLanes / 2;
typedef std::uint64_t Wide __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES)));
typedef std::uint64_t LooseWide
    __attribute__((vector_size(PIPETRAIN_VECTOR_BYTES), aligned(4), may_alias));

// The products of the lower halves.
PIPETRAIN_INLINE Wide product(Wide a, Wide b) {
#if defined(__AVX512F__)
  return reinterpret_cast<Wide>(
      _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
#elif defined(__AVX2__)
  return reinterpret_cast<Wide>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
#elif defined(__SSE2__)
  return reinterpret_cast<Wide>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
}

PIPETRAIN_INLINE Wide spread(std::uint32_t value) { return Wide{} + value; }

// kWideLanes neighbouring blocks of Philox4x32-10, as base/random.h has it: words 0 and 1 of each
// block to `low`, words 2 and 3 to `high`.
PIPETRAIN_INLINE void draw_blocks(const DropoutDraw& draw, std::uint32_t first_block,
                                  std::uint32_t* low, std::uint32_t* high) {
  const Wide multiplier0 = spread(0xD2511F53), multiplier1 = spread(0xCD9E8D57);
  auto k0 = static_cast<std::uint32_t>(draw.key), k1 = static_cast<std::uint32_t>(draw.key >> 32);
  Wide c0, c1 = spread(draw.line), c2 = spread(draw.row), c3 = spread(draw.step);
  for (std::uint32_t lane = 0; lane < kWideLanes; ++lane) c0[lane] = first_block + lane;
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const Wide p0 = product(multiplier0, c0), p1 = product(multiplier1, c2);
    c0 = (p1 >> 32) ^ c1 ^ spread(k0);
    c1 = p1;
    c2 = (p0 >> 32) ^ c3 ^ spread(k1);
    c3 = p0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  *reinterpret_cast<LooseWide*>(low) = (c0 & 0xFFFFFFFF) | c1 << 32;
  *reinterpret_cast<LooseWide*>(high) = (c2 & 0xFFFFFFFF) | c3 << 32;
}

}  // namespace

void dropout_factors(const DropoutDraw& draw, std::int64_t first, std::int64_t n,
                     float* __restrict factors) {
  constexpr int kHalf = kDropoutGroup / 2;
  const std::uint32_t threshold = draw.threshold;
  const float factor = draw.factor;
  for (std::int64_t at = 0; at < n; at += kDropoutGroup) {
    std::uint32_t words[kDropoutGroup];
    const auto first_block = static_cast<std::uint32_t>((first + at) / 4);
    for (std::uint32_t i = 0; i < kDropoutGroup / 4; i += kWideLanes) {
      draw_blocks(draw, first_block + i, words + 2 * i, words + kHalf + 2 * i);
    }
    const std::int64_t count = n - at < kDropoutGroup ? n - at : kDropoutGroup;
    for (std::int64_t i = 0; i < count; ++i) {
      factors[at + i] = words[i] < threshold ? 0.0f : factor;
    }
  }
}

void dropped_softmax_backward(float* __restrict ds, float* __restrict p,
                              const float* __restrict factors, std::int64_t n, SoftmaxRow row) {
  const auto [delta, factor] = row;
  for (std::int64_t i = 0; i < n; ++i) {
    ds[i] = p[i] * (ds[i] * factors[i] - delta) * factor;
    p[i] *= factors[i];
  }
}

}  // namespace pipetrain::PIPETRAIN_ISA
