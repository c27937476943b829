// Where the rows of one head of attention lie, in blocks of query rows, and the threads that walk
// them. It must not know what is computed of them. Only attention's own files include this.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ops/attention.h"
#include "ops/parallel.h"

namespace pipetrain {

// Few query rows waste little on keys that a causal row does not see; whole register tiles of every
// instruction set fit in.
constexpr std::int64_t kQueryRows = 24;

// Where one query head of one sequence lies in (B, T, H + 2 G, D) and (B, T, H, D).
struct Head {
  const AttentionShape& shape;
  std::int64_t batch, head;

  // This head's rows, one a token, of a tensor (B, T, H + 2 G, D) ...
  template <class T>
  Strided<T> queries(T* qkv) const {
    return of_qkv(qkv, head);
  }
  template <class T>
  Strided<T> keys(T* qkv) const {
    return of_qkv(qkv, shape.heads + group());
  }
  template <class T>
  Strided<T> values(T* qkv) const {
    return of_qkv(qkv, shape.heads + shape.groups() + group());
  }
  // ... and of a tensor (B, T, H, D).
  template <class T>
  Strided<T> mixed(T* out) const {
    const std::int64_t stride = shape.heads * shape.head_width;
    return {out + batch * shape.tokens * stride + head * shape.head_width, shape.tokens,
            shape.head_width, stride};
  }
  std::int64_t row_at() const { return (batch * shape.heads + head) * shape.tokens; }
  // What the weights of `query` for the first `seen` keys are multiplied with.
  void draw_factors(const SimdKernels& simd, std::int64_t query, std::int64_t seen,
                    float* factors) const {
    const std::int64_t line = (shape.first_head + head) * shape.tokens + query;
    simd.dropout_factors(shape.dropout.draw(batch, line), 0, seen, factors);
  }

 private:
  std::int64_t group() const { return head / (shape.heads / shape.groups()); }
  template <class T>
  Strided<T> of_qkv(T* qkv, std::int64_t entry) const {
    const std::int64_t stride = shape.qkv_heads() * shape.head_width;
    return {qkv + batch * shape.tokens * stride + entry * shape.head_width, shape.tokens,
            shape.head_width, stride};
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

inline float score_scale(const AttentionShape& shape) {
  return 1.0f / std::sqrt(static_cast<float>(shape.head_width));
}

// body(sequence, i, scratch) for `count` items of each sequence, at least `grain` of them a thread;
// scratch is the thread's own.
template <class Body>
void for_each_head(Ops& ops, const AttentionShape& shape, std::int64_t count,
                   std::int64_t scratch_floats, const Body& body, std::int64_t grain = 1) {
  Tensor scratch(ops.pool(), {ops.threads(), scratch_floats});
  parallel_ranges(shape.batch * count, grain,
                  [&](std::int64_t begin, std::int64_t end, int thread) {
                    for (std::int64_t i = begin; i < end; ++i) {
                      body(i / count, i % count, scratch.f32() + thread * scratch_floats);
                    }
                  });
}

// Rows as floats, to another place. Rows of all heads lie a power of two apart, or nearly, and
// would push each other out of the cache: what is read or written often is kept packed.
template <class T>
void copy_rows(const SimdKernels& simd, const Strided<const T>& from, const Strided<float>& to) {
  for (std::int64_t i = 0; i < from.rows; ++i) {
    simd.on<T>().widen(from.row(i), to.row(i), from.columns);
  }
}

// The same in the other direction.
template <class T>
void write_rows(const SimdKernels& simd, const Strided<const float>& from, const Strided<T>& to) {
  for (std::int64_t i = 0; i < from.rows; ++i) {
    simd.on<T>().round(from.row(i), to.row(i), from.columns);
  }
}

}  // namespace pipetrain
