// C = A^T B of a few rows, such as a weight's gradient of one microbatch: C is large and comes from
// memory, so it is walked row by row, a tile of it in registers, the next one fetched meanwhile. It
// must not know threads.
#pragma once

#include <cstdint>

#include "ops/simd/pairs.h"
#include "ops/simd/vector.h"

namespace pipetrain::PIPETRAIN_ISA {

constexpr int kTileVectors = 2;
constexpr int kTileColumns = kTileVectors * kLanes;
constexpr int kTileRows = kLanes == 16 ? 12 : kLanes == 8 ? 6 : 4;  // accumulators fill registers

// What a term is: a row of floats, or a pair of rows of bfloat16, which one instruction sums up.
PIPETRAIN_INLINE std::int64_t terms_of(const Strided<const float>& x) { return x.rows; }
PIPETRAIN_INLINE std::int64_t terms_of(const Strided<const BFloat16>& x) {
  return (x.rows + 1) / 2;
}

// `width` entries of a term, then zeros, up to Width.
template <int Width>
PIPETRAIN_INLINE void pack_term(const Strided<const float>& x, std::int64_t term, std::int64_t at,
                                std::int64_t width, float* to) {
  const float* const row = x.row(term) + at;
  if (width == Width) {
    __builtin_memcpy(to, row, Width * sizeof(float));
    return;
  }
  for (std::int64_t i = 0; i < Width; ++i) to[i] = i < width ? row[i] : 0.0f;
}
template <int Width>
PIPETRAIN_INLINE void pack_term(const Strided<const BFloat16>& x, std::int64_t term,
                                std::int64_t at, std::int64_t width, BFloat16Pair* to) {
  const BFloat16* const first = x.row(2 * term) + at;
  const bool odd = 2 * term + 1 == x.rows;  // the last row has no partner
  const BFloat16* const second = odd ? first : first + x.row_stride;
  const std::uint32_t upper = odd ? 0 : 0xFFFF0000u;
  const auto pair = [&](std::int64_t i) {
    return std::uint32_t{first[i].bits} | (std::uint32_t{second[i].bits} << 16 & upper);
  };
  if (width == Width) {
    for (std::int64_t i = 0; i < Width; ++i) to[i].bits = pair(i);
  } else {
    for (std::int64_t i = 0; i < Width; ++i) to[i].bits = i < width ? pair(i) : 0;
  }
}
// So much of all terms, one after the other.
template <int Width, class T, class Entry>
PIPETRAIN_INLINE void pack(const Strided<const T>& x, std::int64_t at, std::int64_t width,
                           Entry* to) {
  const std::int64_t terms = terms_of(x);
  for (std::int64_t l = 0; l < terms; ++l) pack_term<Width>(x, l, at, width, to + l * Width);
}

// kTileRows x kTileColumns entries, of operands that are packed.
template <class Entry>
PIPETRAIN_INLINE void tile_of(const Entry* a, const Entry* b, std::int64_t terms,
                              Vector (&sums)[kTileRows][kTileVectors]) {
  for (std::int64_t l = 0; l < terms; ++l) {
    decltype(load(b)) row[kTileVectors];
    for (int v = 0; v < kTileVectors; ++v) row[v] = load(b + l * kTileColumns + v * kLanes);
#pragma GCC unroll 12
    for (int i = 0; i < kTileRows; ++i) {
      const auto entry = filled(a[l * kTileRows + i]);
      for (int v = 0; v < kTileVectors; ++v) sums[i][v] = multiply_add(entry, row[v], sums[i][v]);
    }
  }
}

// The tile of C at `c`, of which only so many rows and columns exist; `next` is fetched meanwhile.
template <class Entry>
void tile_product(const Entry* a, const Entry* b, std::int64_t terms, const Strided<float>& c,
                  const float* next, bool accumulate) {
  constexpr int kLine = 64 / sizeof(float);
  for (int i = 0; i < kTileRows; ++i) {
    for (int j = 0; j < kTileColumns; j += kLine) {
      __builtin_prefetch(next + i * c.row_stride + j, 1);
    }
  }
  Vector sums[kTileRows][kTileVectors] = {};
  tile_of(a, b, terms, sums);
  if (c.rows == kTileRows && c.columns == kTileColumns) {
    for (int i = 0; i < kTileRows; ++i) {
      for (int v = 0; v < kTileVectors; ++v) {
        float* const at = c.row(i) + v * kLanes;
        store(at, accumulate ? load(at) + sums[i][v] : sums[i][v]);
      }
    }
    return;
  }
  float entries[kTileRows][kTileColumns];
  for (int i = 0; i < kTileRows; ++i) {
    for (int v = 0; v < kTileVectors; ++v) store(entries[i] + v * kLanes, sums[i][v]);
  }
  for (std::int64_t i = 0; i < c.rows; ++i) {
    for (std::int64_t j = 0; j < c.columns; ++j) {
      c.row(i)[j] = accumulate ? c.row(i)[j] + entries[i][j] : entries[i][j];
    }
  }
}

// All terms of some columns of B, as many as fit into the second-level cache.
template <class T, class Entry>
void columns_product(const Strided<const T>& a, const Strided<const T>& b, const Strided<float>& c,
                     bool accumulate, Entry* packed_a, Entry* packed_b) {
  const std::int64_t terms = terms_of(a);
  for (std::int64_t j = 0; j < c.columns; j += kTileColumns) {
    const std::int64_t left = c.columns - j;
    pack<kTileColumns>(b, j, left < kTileColumns ? left : kTileColumns, packed_b + j * terms);
  }
  for (std::int64_t i = 0; i < c.rows; i += kTileRows) {
    const std::int64_t rows = c.rows - i < kTileRows ? c.rows - i : kTileRows;
    pack<kTileRows>(a, i, rows, packed_a);
    for (std::int64_t j = 0; j < c.columns; j += kTileColumns) {
      const std::int64_t left = c.columns - j, ahead = j + 2 * kTileColumns;
      float* const at = c.row(i) + j;
      const float* const next =
          ahead < c.columns ? c.row(i) + ahead : c.row(i + rows) + ahead - c.columns;
      tile_product(packed_a, packed_b + j * terms, terms,
                   {at, rows, left < kTileColumns ? left : kTileColumns, c.row_stride}, next,
                   accumulate);
    }
  }
}

// See ActivationKernels::transposed_product.
template <class T, class Entry>
void blocked_product(const Strided<const T>& a, const Strided<const T>& b, const Strided<float>& c,
                     bool accumulate, Entry* scratch) {
  constexpr std::int64_t kTerms = 256;  // a tile's share of B stays in the first-level cache
  constexpr std::int64_t kRows = sizeof(T) < sizeof(Entry) ? 2 * kTerms : kTerms;
  constexpr std::int64_t kRoom = kMostTransposedScratch - kTileRows * kTerms;
  for (std::int64_t l = 0; l < a.rows; l += kRows) {
    const std::int64_t rows = a.rows - l < kRows ? a.rows - l : kRows;
    const Strided<const T> a_rows = a.part(l, rows), b_rows = b.part(l, rows);
    const std::int64_t terms = terms_of(a_rows), fit = kRoom / terms / kTileColumns * kTileColumns;
    for (std::int64_t j = 0; j < c.columns; j += fit) {
      const std::int64_t columns = c.columns - j < fit ? c.columns - j : fit;
      columns_product<T>(a_rows, {b_rows.data + j, rows, columns, b.row_stride},
                         {c.data + j, c.rows, columns, c.row_stride}, accumulate || l > 0, scratch,
                         scratch + kTileRows * terms);
    }
  }
}

inline void transposed_product(const Strided<const float>& a, const Strided<const float>& b,
                               const Strided<float>& c, bool accumulate, float* scratch) {
  blocked_product(a, b, c, accumulate, scratch);
}
inline void transposed_product(const Strided<const BFloat16>& a, const Strided<const BFloat16>& b,
                               const Strided<float>& c, bool accumulate, float* scratch) {
  blocked_product(a, b, c, accumulate, reinterpret_cast<BFloat16Pair*>(scratch));
}

}  // namespace pipetrain::PIPETRAIN_ISA
