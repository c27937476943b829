// Where the rows of one head of attention lie, in blocks of query rows, and those rows as floats.
// It must not know what is computed of them. Only attention.cpp includes this.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "ops/attention.h"

namespace pipetrain {

// Few query rows waste little on keys that a causal row does not see; whole register tiles of every
// instruction set fit in.
constexpr std::int64_t kQueryRows = 24;

// Where one query head of one sequence lies in (B, T, H + 2 G, D) and (B, T, H, D).
struct Head {
  const AttentionShape& shape;
  std::int64_t batch, head;

  std::int64_t qkv_stride() const { return shape.qkv_heads() * shape.head_width; }
  std::int64_t out_stride() const { return shape.heads * shape.head_width; }
  std::int64_t group() const { return head / (shape.heads / shape.groups()); }
  std::int64_t query_at() const { return qkv_at(head); }
  std::int64_t key_at() const { return qkv_at(shape.heads + group()); }
  std::int64_t value_at() const { return qkv_at(shape.heads + shape.groups() + group()); }
  std::int64_t qkv_at(std::int64_t entry) const {
    return batch * shape.tokens * qkv_stride() + entry * shape.head_width;
  }
  std::int64_t out_at() const {
    return batch * shape.tokens * out_stride() + head * shape.head_width;
  }
  std::int64_t row_at() const { return (batch * shape.heads + head) * shape.tokens; }
  // What the weights of `query` for the first `seen` keys are multiplied with.
  void draw_factors(const SimdKernels& simd, std::int64_t query, std::int64_t seen,
                    float* factors) const {
    const std::int64_t line = (shape.first_head + head) * shape.tokens + query;
    simd.dropout_factors(shape.dropout.draw(batch, line), 0, seen, factors);
  }
};

struct Block {
  std::int64_t first, rows, keys;  // query rows first.. and the keys that they may see
};

// `past` keys are of tokens before the first query row.
inline Block query_block(const AttentionShape& shape, std::int64_t first, std::int64_t past = 0) {
  const std::int64_t rows = std::min(kQueryRows, shape.tokens - first);
  return {first, rows, past + (shape.causal ? first + rows : shape.tokens)};
}

// How many keys query row `i` of a block sees.
inline std::int64_t visible(const AttentionShape& shape, const Block& block, std::int64_t i) {
  return shape.causal ? block.keys - block.rows + i + 1 : block.keys;
}

// (rows, width) from one place to another. Rows of all heads lie a power of two apart, or nearly,
// and would push each other out of the cache: what is read or written often is kept packed.
template <class T>
void copy_rows(const SimdKernels& simd, std::int64_t rows, std::int64_t width, const T* from,
               std::int64_t from_stride, float* to, std::int64_t to_stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    simd.on<T>().widen(from + i * from_stride, to + i * to_stride, width);
  }
}

// The same in the other direction.
template <class T>
void write_rows(const SimdKernels& simd, std::int64_t rows, std::int64_t width, const float* from,
                std::int64_t from_stride, T* to, std::int64_t to_stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    simd.on<T>().round(from + i * from_stride, to + i * to_stride, width);
  }
}

// Rows of floats, `stride` apart.
template <class Float>
struct Rows {
  Float* data;
  std::int64_t stride;
};

// A block's rows as floats: where they are, or of bfloat16 a copy in scratch (kQueryRows, width).
inline Rows<const float> as_floats(const SimdKernels&, std::int64_t, std::int64_t,
                                   Rows<const float> rows, float*) {
  return rows;
}
inline Rows<const float> as_floats(const SimdKernels& simd, std::int64_t count, std::int64_t width,
                                   Rows<const BFloat16> rows, float* scratch) {
  copy_rows(simd, count, width, rows.data, rows.stride, scratch, width);
  return {scratch, width};
}

// Where a block's rows of floats are made that become `rows`, and what then makes them so.
inline Rows<float> place_for(Rows<float> rows, std::int64_t, float*) { return rows; }
inline Rows<float> place_for(Rows<BFloat16>, std::int64_t width, float* scratch) {
  return {scratch, width};
}
inline void finish_rows(const SimdKernels&, std::int64_t, std::int64_t, Rows<float>, Rows<float>) {}
inline void finish_rows(const SimdKernels& simd, std::int64_t count, std::int64_t width,
                        Rows<float> made, Rows<BFloat16> rows) {
  write_rows(simd, count, width, made.data, made.stride, rows.data, rows.stride);
}

// Rows of scratch for a block of bfloat16 rows.
template <class T>
constexpr std::int64_t kCopiedRows = std::is_same_v<T, float> ? 0 : kQueryRows;

}  // namespace pipetrain
