#include "ops/attention.h"

#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include "ops/attention_rows.h"
#include "ops/parallel.h"

namespace pipetrain {
namespace {

// body(batch, i, scratch) for `count` items of each sequence, at least `grain` of them a thread;
// scratch is the thread's own.
template <class Body>
void for_each(Ops& ops, std::int64_t batch, std::int64_t count, std::int64_t scratch_floats,
              const Body& body, std::int64_t grain = 1) {
  Tensor scratch(ops.pool(), {ops.threads(), scratch_floats});
  parallel_ranges(batch * count, grain, [&](std::int64_t begin, std::int64_t end, int thread) {
    for (std::int64_t i = begin; i < end; ++i) {
      body(i / count, i % count, scratch.f32() + thread * scratch_floats);
    }
  });
}

float score_scale(const AttentionShape& shape) {
  return 1.0f / std::sqrt(static_cast<float>(shape.head_width));
}

// Rows of scratch for the factors of dropout.
std::int64_t factor_rows(const AttentionShape& shape) { return shape.dropout.drops() ? 1 : 0; }

// A head's keys and values, packed; the first `past` of them are of tokens before the first query.
struct PackedHead {
  const float* keys;  // (D, pitch)
  std::int64_t pitch;
  const float* values;  // (past + T, D)
  std::int64_t past;
};

// Of head_forward: scores (rows, past + T), with dropout (past + T) factors, and two blocks of
// copied rows.
template <class T>
std::int64_t forward_scratch(const AttentionShape& shape, std::int64_t keys) {
  return (kQueryRows + factor_rows(shape)) * keys + 2 * kCopiedRows<T> * shape.head_width;
}

// Writes one head's out and, unless it is null, its log_sum_exp.
template <class T>
void head_forward(const SimdKernels& simd, const Head& head, const PackedHead& packed, const T* qkv,
                  float* scores, T* out, float* log_sum_exp) {
  const AttentionShape& shape = head.shape;
  const std::int64_t tokens = shape.tokens, D = shape.head_width, pitch = packed.past + tokens;
  const std::int64_t stride = head.qkv_stride(), out_stride = head.out_stride();
  const float scale = score_scale(shape);
  float* const factors = scores + kQueryRows * pitch;
  float* const q_copy = factors + factor_rows(shape) * pitch;
  float* const o_copy = q_copy + kCopiedRows<T> * D;
  for (std::int64_t first = 0; first < tokens; first += kQueryRows) {
    const Block block = query_block(shape, first, packed.past);
    const Rows<const T> queries{qkv + head.query_at() + first * stride, stride};
    const Rows<const float> q = as_floats(simd, block.rows, D, queries, q_copy);
    simd.small_matmul(block.rows, block.keys, D, q.data, q.stride, 1, packed.keys, packed.pitch,
                      scores, pitch, false);
    const Rows<T> mixed{out + head.out_at() + first * out_stride, out_stride};
    const Rows<float> o = place_for(mixed, D, o_copy);
    float sums[kQueryRows];
    for (std::int64_t i = 0; i < block.rows; ++i) {
      float* row = scores + i * pitch;
      const std::int64_t seen = visible(shape, block, i);
      const float shift = scale * simd.maximum(row, seen);
      sums[i] = simd.exp_scaled(row, seen, scale, shift);
      if (shape.dropout.drops()) {
        head.draw_factors(simd, first + i, seen, factors);
        simd.on_float32.multiply(row, factors, row, seen);
      }
      std::memset(row + seen, 0, static_cast<std::size_t>(block.keys - seen) * sizeof(float));
      if (log_sum_exp != nullptr) {
        log_sum_exp[head.row_at() + first + i] = shift + std::log(sums[i]);
      }
    }
    simd.small_matmul(block.rows, D, block.keys, scores, pitch, 1, packed.values, D, o.data,
                      o.stride, false);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      simd.scale(o.data + i * o.stride, D, 1.0f / sums[i]);
    }
    finish_rows(simd, block.rows, D, o, mixed);
  }
}

// What the query heads of one group share in backward, and a block of rows: the scores and, of
// bfloat16, copies of q, dO and dq.
template <class T>
struct BackwardScratch {
  BackwardScratch(const AttentionShape& shape, float* memory) {
    const std::int64_t tokens = shape.tokens, width = shape.head_width;
    const auto take = [&](std::int64_t rows, std::int64_t columns) {
      return std::exchange(memory, memory + rows * columns);
    };
    for (float** part : {&keys, &keys_t, &values_t, &dk, &dv}) *part = take(tokens, width);
    for (float** part : {&p, &ds}) *part = take(kQueryRows, tokens);
    factors = take(factor_rows(shape), tokens);
    for (float** part : {&q, &dout, &dq}) *part = take(kCopiedRows<T>, width);
  }
  static std::int64_t floats(const AttentionShape& shape) {
    return (5 * shape.head_width + 2 * kQueryRows + factor_rows(shape)) * shape.tokens +
           3 * kCopiedRows<T> * shape.head_width;
  }

  float *keys, *keys_t, *values_t;  // (T, D), (D, T), (D, T)
  float *dk, *dv;                   // (T, D)
  float *p, *ds;                    // (rows, T)
  float* factors;                   // (T), with dropout
  float *q, *dout, *dq;             // (rows, D)
};

// Writes one head's dq and adds to its group's dk and dv.
template <class T>
void head_backward(const SimdKernels& simd, const Head& head, const BackwardScratch<T>& scratch,
                   const T* qkv, const T* out, const float* log_sum_exp, const T* dout, T* dqkv) {
  const AttentionShape& shape = head.shape;
  const std::int64_t tokens = shape.tokens, D = shape.head_width;
  const std::int64_t stride = head.qkv_stride(), out_stride = head.out_stride();
  const float scale = score_scale(shape);
  float *p = scratch.p, *ds = scratch.ds;
  for (std::int64_t first = 0; first < tokens; first += kQueryRows) {
    const Block block = query_block(shape, first);
    const std::int64_t query_at = head.query_at() + first * stride;
    const std::int64_t out_at = head.out_at() + first * out_stride;
    const auto copied = [&](const T* rows, std::int64_t row_stride, float* copy) {
      return as_floats(simd, block.rows, D, Rows<const T>{rows, row_stride}, copy);
    };
    const Rows<const float> q = copied(qkv + query_at, stride, scratch.q);
    const Rows<const float> dO = copied(dout + out_at, out_stride, scratch.dout);
    const Rows<T> dqueries{dqkv + query_at, stride};
    const Rows<float> dq = place_for(dqueries, D, scratch.dq);
    simd.small_matmul(block.rows, block.keys, D, q.data, q.stride, 1, scratch.keys_t, tokens, p,
                      tokens, false);
    simd.small_matmul(block.rows, block.keys, D, dO.data, dO.stride, 1, scratch.values_t, tokens,
                      ds, tokens, false);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      const std::int64_t seen = visible(shape, block, i), row = out_at + i * out_stride;
      const auto hidden = static_cast<std::size_t>(block.keys - seen) * sizeof(float);
      const float delta = simd.on<T>().dot(dout + row, out + row, D);
      simd.exp_scaled(p + i * tokens, seen, scale, log_sum_exp[head.row_at() + first + i]);
      if (shape.dropout.drops()) {
        head.draw_factors(simd, first + i, seen, scratch.factors);
        simd.dropped_softmax_backward(ds + i * tokens, p + i * tokens, scratch.factors, seen, delta,
                                      scale);
      } else {
        simd.softmax_backward(ds + i * tokens, p + i * tokens, seen, delta, scale);
      }
      std::memset(p + i * tokens + seen, 0, hidden);
      std::memset(ds + i * tokens + seen, 0, hidden);
    }
    simd.small_matmul(block.keys, D, block.rows, ds, 1, tokens, q.data, q.stride, scratch.dk, D,
                      true);
    simd.small_matmul(block.keys, D, block.rows, p, 1, tokens, dO.data, dO.stride, scratch.dv, D,
                      true);
    simd.small_matmul(block.rows, D, block.keys, ds, tokens, 1, scratch.keys, D, dq.data, dq.stride,
                      false);
    finish_rows(simd, block.rows, D, dq, dqueries);
  }
}

template <class T>
void forward_of(Ops& ops, const AttentionShape& shape, const T* qkv, T* out, float* log_sum_exp) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t tokens = shape.tokens, D = shape.head_width;
  auto forward = [&](std::int64_t batch, std::int64_t h, float* scratch) {
    const Head head{shape, batch, h};
    float* keys = scratch;                // (D, T)
    float* values = keys + D * tokens;    // (T, D)
    float* scores = values + D * tokens;  // and what else head_forward needs
    copy_rows(simd, tokens, D, qkv + head.value_at(), head.qkv_stride(), values, D);
    simd.on<T>().transpose(tokens, D, qkv + head.key_at(), head.qkv_stride(), keys, tokens);
    head_forward(simd, head, {keys, tokens, values, 0}, qkv, scores, out, log_sum_exp);
  };
  for_each(ops, shape.batch, shape.heads, 2 * D * tokens + forward_scratch<T>(shape, tokens),
           forward);
}

template <class T>
void backward_of(Ops& ops, const AttentionShape& shape, const T* qkv, const T* out,
                 const float* log_sum_exp, const T* dout, T* dqkv) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t tokens = shape.tokens, D = shape.head_width;
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  auto backward = [&](std::int64_t batch, std::int64_t group, float* memory) {
    const BackwardScratch<T> scratch(shape, memory);
    const Head first{shape, batch, group * share};
    const std::int64_t stride = first.qkv_stride();
    copy_rows(simd, tokens, D, qkv + first.key_at(), stride, scratch.keys, D);
    simd.on_float32.transpose(tokens, D, scratch.keys, D, scratch.keys_t, tokens);
    simd.on<T>().transpose(tokens, D, qkv + first.value_at(), stride, scratch.values_t, tokens);
    std::memset(scratch.dk, 0, static_cast<std::size_t>(tokens * D) * sizeof(float));
    std::memset(scratch.dv, 0, static_cast<std::size_t>(tokens * D) * sizeof(float));
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_backward(simd, {shape, batch, head}, scratch, qkv, out, log_sum_exp, dout, dqkv);
    }
    write_rows(simd, tokens, D, scratch.dk, D, dqkv + first.key_at(), stride);
    write_rows(simd, tokens, D, scratch.dv, D, dqkv + first.value_at(), stride);
  };
  for_each(ops, shape.batch, shape.groups(), BackwardScratch<T>::floats(shape), backward);
}

}  // namespace

void attention_forward(Ops& ops, const AttentionShape& shape, ConstActivationPtr qkv,
                       ActivationPtr out, float* log_sum_exp) {
  with_entries(qkv.dtype(),
               [&]<class T>() { forward_of(ops, shape, qkv.as<T>(), out.as<T>(), log_sum_exp); });
}

void attention_continue(Ops& ops, const AttentionShape& shape, const KeyValueCache& cache,
                        std::int64_t past, const float* qkv, float* out) {
  constexpr std::int64_t kGrainProducts = 65536;
  assert(shape.causal && !shape.dropout.drops() && past + shape.tokens <= cache.tokens);
  const SimdKernels& simd = ops.simd();
  const std::int64_t T = shape.tokens, D = shape.head_width;
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  auto forward = [&](std::int64_t batch, std::int64_t group, float* scores) {
    const std::int64_t at = (batch * shape.groups() + group) * D * cache.tokens;
    float *keys = cache.keys + at, *values = cache.values + at;
    const Head first{shape, batch, group * share};
    copy_rows(simd, T, D, qkv + first.value_at(), first.qkv_stride(), values + past * D, D);
    simd.on_float32.transpose(T, D, qkv + first.key_at(), first.qkv_stride(), keys + past,
                              cache.tokens);
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_forward(simd, {shape, batch, head}, {keys, cache.tokens, values, past}, qkv, scores, out,
                   /*log_sum_exp=*/nullptr);
    }
  };
  for_each(ops, shape.batch, shape.groups(), forward_scratch<float>(shape, cache.tokens), forward,
           kGrainProducts / (2 * share * T * (past + T) * D) + 1);
}

void attention_backward(Ops& ops, const AttentionShape& shape, ConstActivationPtr qkv,
                        ConstActivationPtr out, const float* log_sum_exp, ConstActivationPtr dout,
                        ActivationPtr dqkv) {
  with_entries(qkv.dtype(), [&]<class T>() {
    backward_of(ops, shape, qkv.as<T>(), out.as<T>(), log_sum_exp, dout.as<T>(), dqkv.as<T>());
  });
}

}  // namespace pipetrain
