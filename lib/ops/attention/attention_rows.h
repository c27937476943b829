// Where the rows of one head of attention lie, in blocks of query rows, and the threads that walk
// them. It must not know what is computed of them. Only attention's own files include this.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ops/attention/attention.h"
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
  // Gradients of this head's keys and values of a tensor (B, T, 2, G, D).
  template <class T>
  Strided<T> key_gradients(T* gradients) const {
    return of_gradients(gradients, group());
  }
  template <class T>
  Strided<T> value_gradients(T* gradients) const {
    return of_gradients(gradients, shape.groups() + group());
  }
  std::int64_t row_at() const { return (batch * shape.heads + head) * shape.tokens; }
  // What the weights of `query` for `count` keys from `first` on are multiplied with.
  void draw_factors(const SimdKernels& simd, std::int64_t query, std::int64_t first,
                    std::int64_t count, float* factors) const {
    const std::int64_t tokens = shape.row_tokens == 0 ? shape.tokens : shape.row_tokens;
    const std::int64_t line = (shape.first_head + head) * tokens + shape.past + query;
    simd.dropout_factors(shape.dropout.draw(batch, line), first, count, factors);
  }

 private:
  std::int64_t group() const { return head / (shape.heads / shape.groups()); }
  template <class T>
  Strided<T> of_gradients(T* gradients, std::int64_t entry) const {
    const std::int64_t stride = 2 * shape.groups() * shape.head_width;
    return {gradients + batch * shape.tokens * stride + entry * shape.head_width, shape.tokens,
            shape.head_width, stride};
  }
  template <class T>
  Strided<T> of_qkv(T* qkv, std::int64_t entry) const {
    const std::int64_t stride = shape.qkv_heads() * shape.head_width;
    return {qkv + batch * shape.tokens * stride + entry * shape.head_width, shape.tokens,
            shape.head_width, stride};
  }
};

// Some query rows and the keys that they may see. Those that no row sees, as a window leaves behind
// it or another document has, are left out in whole groups: pairs and draws of dropout begin at
// one. `starts` are of the first row on, or null.
struct Block {
  std::int64_t first, rows;
  std::int64_t first_key, keys;
  const std::int32_t* starts;
};
constexpr std::int64_t kKeyGroup = kDropoutGroup;
static_assert(kKeyGroup % kPairColumns == 0);

// Where the document ends that has token `t` of a row, if `starts` are the row's; not causal.
inline std::int64_t document_end(const AttentionShape& shape, const std::int32_t* starts,
                                 std::int64_t t) {
  if (starts == nullptr) return shape.tokens;
  std::int64_t end = t + 1;
  while (end < shape.tokens && starts[end] <= t) ++end;
  return end;
}

// `past` keys are of tokens before the first query row.
inline Block query_block(const AttentionShape& shape, std::int64_t batch, std::int64_t first,
                         std::int64_t past = 0) {
  const std::int64_t rows = std::min(kQueryRows, shape.tokens - first);
  const std::int32_t* const of_row =
      shape.document_starts == nullptr ? nullptr : shape.document_starts + batch * shape.tokens;
  const std::int32_t* const starts = of_row == nullptr ? nullptr : of_row + first;
  const std::int64_t end =
      past + (shape.causal ? first + rows : document_end(shape, of_row, first + rows - 1));
  const std::int64_t outside = shape.window == 0 ? 0 : past + first + 1 - shape.window;
  const std::int64_t behind = std::max<std::int64_t>(outside, starts == nullptr ? 0 : starts[0]);
  const std::int64_t first_key = behind / kKeyGroup * kKeyGroup;
  return {first, rows, first_key, end - first_key, starts};
}

// The keys that query row `i` of a block sees, of the block's.
struct SeenKeys {
  std::int64_t from, to;
  std::int64_t count() const { return to - from; }
};
inline SeenKeys visible(const AttentionShape& shape, const Block& block, std::int64_t i) {
  const std::int64_t start = block.starts == nullptr ? 0 : block.starts[i] - block.first_key;
  if (!shape.causal) {
    const std::int32_t* const of_row =
        block.starts == nullptr ? nullptr : block.starts - block.first;
    return {start, document_end(shape, of_row, block.first + i) - block.first_key};
  }
  const std::int64_t to = block.keys - block.rows + i + 1;
  const std::int64_t outside = shape.window == 0 ? 0 : to - shape.window;
  return {std::max<std::int64_t>({outside, start, 0}), to};
}

// The others' entries of a row become 0.
inline void hide(const SeenKeys& seen, std::int64_t columns, float* row) {
  const auto zero = [&](std::int64_t from, std::int64_t to) {
    std::memset(row + from, 0, static_cast<std::size_t>(to - from) * sizeof(float));
  };
  zero(0, seen.from);
  zero(seen.to, columns);
}

inline float score_scale(const AttentionShape& shape) {
  return 1.0f / std::sqrt(shape.score_width > 0 ? shape.score_width
                                                : static_cast<float>(shape.head_width));
}

// Products of a query and n keys go through the cap, if there is one. Returns what is left to
// multiply them with.
inline float cap_scores(const SimdKernels& simd, const AttentionShape& shape, float* row,
                        std::int64_t n) {
  const float scale = score_scale(shape);
  if (shape.score_cap == 0) return scale;
  simd.on_float32.soft_cap(row, n, {scale / shape.score_cap, shape.score_cap});
  return 1.0f;
}

// One thread's memory for a row: (keys) each, where the shape has dropout and a cap.
struct RowScratch {
  float *factors, *capped;
};

// A block's products of queries and keys, `scores` (rows, keys, maybe more columns), become the
// weights of the values, but that each row is still to be divided by its entry of `sums`.
// `log_sum_exp` is of the block's first row, or null.
inline void softmax_rows(const SimdKernels& simd, const Head& head, const Block& block,
                         const Strided<float>& scores, const RowScratch& scratch, float* sums,
                         float* log_sum_exp) {
  const AttentionShape& shape = head.shape;
  for (std::int64_t i = 0; i < block.rows; ++i) {
    const SeenKeys seen = visible(shape, block, i);
    float* const row = scores.row(i) + seen.from;
    const std::int64_t n = seen.count();
    const float scale = cap_scores(simd, shape, row, n);
    const float shift = scale * simd.maximum(row, n);
    sums[i] = simd.exp_scaled(row, n, {scale, shift});
    if (shape.dropout.drops()) {
      head.draw_factors(simd, block.first + i, block.first_key, seen.to, scratch.factors);
      simd.on_float32.multiply(row, scratch.factors + seen.from, row, n);
    }
    hide(seen, scores.columns, scores.row(i));
    if (log_sum_exp != nullptr) log_sum_exp[i] = shift + std::log(sums[i]);
  }
}

// The same products p become the weights, and ds, the weights' gradients, becomes that of p.
template <class T>
void softmax_rows_backward(const SimdKernels& simd, const Head& head, const Block& block,
                           const float* log_sum_exp, const Strided<const T>& dout,
                           const Strided<const T>& out, const RowScratch& scratch,
                           const Strided<float>& p, const Strided<float>& ds) {
  const AttentionShape& shape = head.shape;
  for (std::int64_t i = 0; i < block.rows; ++i) {
    const SeenKeys seen = visible(shape, block, i);
    float *const p_row = p.row(i) + seen.from, *const ds_row = ds.row(i) + seen.from;
    const std::int64_t n = seen.count();
    const float delta = simd.on<T>().dot(dout.row(i), out.row(i), shape.head_width);
    const SoftmaxRow row{delta, score_scale(shape)};
    const float scale = cap_scores(simd, shape, p_row, n);
    if (shape.score_cap > 0) std::copy_n(p_row, n, scratch.capped);
    if (shape.dropout.drops()) {
      simd.exp_scaled(p_row, n, {scale, log_sum_exp[i]});
      head.draw_factors(simd, block.first + i, block.first_key, seen.to, scratch.factors);
      simd.dropped_softmax_backward(ds_row, p_row, scratch.factors + seen.from, n, row);
    } else {
      simd.softmax_backward(ds_row, p_row, n, {scale, log_sum_exp[i]}, row);
    }
    if (shape.score_cap > 0) {
      simd.on_float32.soft_cap_backward(ds_row, scratch.capped, n, shape.score_cap);
    }
    hide(seen, p.columns, p.row(i));
    hide(seen, ds.columns, ds.row(i));
  }
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

// visit(head of the slice, its qkv, its gradients, its first key) for the slices that a head's
// queries see, their own the last; its gradients are `own`.
template <class T, class G, class Visit>
void for_each_slice(const Head& head, EarlierSlices earlier, const T* qkv, G* own,
                    const Visit& visit) {
  std::int64_t first_key = 0;
  for (const EarlierSlice& slice : earlier) {
    AttentionShape shape = head.shape;
    shape.tokens = slice.tokens;
    visit(Head{shape, head.batch, head.head}, slice.qkv.as<T>(), static_cast<G*>(slice.gradients),
          first_key);
    first_key += slice.tokens;
  }
  visit(head, qkv, own, first_key);
}

// A group's sums of the gradients of its keys and values (past + T, D) begin with what the slices
// behind have added up, or with 0.
template <class T>
void begin_sums(const SimdKernels& simd, const Head& head, EarlierSlices earlier,
                const float* later, const Strided<float>& dk, const Strided<float>& dv) {
  const auto zero = [](const Strided<float>& rows) {
    std::memset(rows.data, 0,
                static_cast<std::size_t>(rows.rows * rows.row_stride) * sizeof(float));
  };
  const auto begin = [&](const Head& slice, const void*, const float* sums,
                         std::int64_t first_key) {
    const Strided<float> keys = dk.part(first_key, slice.shape.tokens);
    const Strided<float> values = dv.part(first_key, slice.shape.tokens);
    if (sums == nullptr) return zero(keys), zero(values);
    copy_rows(simd, slice.key_gradients(sums), keys.corner(keys.rows, slice.shape.head_width));
    copy_rows(simd, slice.value_gradients(sums), values.corner(keys.rows, slice.shape.head_width));
  };
  for_each_slice<T>(head, earlier, nullptr, later, begin);
}

// And end in the earlier slices' gradients, and the slice's own in dqkv.
template <class T>
void end_sums(const SimdKernels& simd, const Head& head, EarlierSlices earlier,
              const Strided<float>& dk, const Strided<float>& dv, T* dqkv) {
  const auto end = [&](const Head& slice, const void*, float* sums, std::int64_t first_key) {
    const Strided<const float> keys = dk.part(first_key, slice.shape.tokens).read();
    const Strided<const float> values = dv.part(first_key, slice.shape.tokens).read();
    if (sums == nullptr) {
      write_rows(simd, keys, slice.keys(dqkv));
      return write_rows(simd, values, slice.values(dqkv));
    }
    copy_rows(simd, keys, slice.key_gradients(sums));
    copy_rows(simd, values, slice.value_gradients(sums));
  };
  for_each_slice<T>(head, earlier, nullptr, static_cast<float*>(nullptr), end);
}

}  // namespace pipetrain
