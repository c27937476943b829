#include "ops/attention.h"

#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "ops/attention_rows.h"
#include "ops/parallel.h"

namespace pipetrain {
namespace {

// body(sequence, i, scratch) for `count` items of each sequence, at least `grain` of them a thread;
// scratch is the thread's own.
template <class Body>
void for_each(Ops& ops, const AttentionShape& shape, std::int64_t count,
              std::int64_t scratch_floats, const Body& body, std::int64_t grain = 1) {
  Tensor scratch(ops.pool(), {ops.threads(), scratch_floats});
  parallel_ranges(shape.batch * count, grain,
                  [&](std::int64_t begin, std::int64_t end, int thread) {
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
  Strided<const float> keys;    // (D, past + T)
  Strided<const float> values;  // (past + T, D)
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
                  float* scratch, T* out, float* log_sum_exp) {
  const AttentionShape& shape = head.shape;
  const std::int64_t tokens = shape.tokens, D = shape.head_width, keys = packed.past + tokens;
  const float scale = score_scale(shape);
  float* const factors = scratch + kQueryRows * keys;
  float* const q_copy = factors + factor_rows(shape) * keys;
  float* const o_copy = q_copy + kCopiedRows<T> * D;
  for (std::int64_t first = 0; first < tokens; first += kQueryRows) {
    const Block block = query_block(shape, first, packed.past);
    const Strided<const float> q =
        as_floats(simd, head.queries(qkv).part(first, block.rows), q_copy);
    const Strided<float> scores{scratch, block.rows, block.keys, keys};
    simd.small_matmul(q, packed.keys, scores, false);
    const Strided<T> mixed = head.mixed(out).part(first, block.rows);
    const Strided<float> o = place_for(mixed, o_copy);
    float sums[kQueryRows];
    for (std::int64_t i = 0; i < block.rows; ++i) {
      float* row = scores.row(i);
      const std::int64_t seen = visible(shape, block, i);
      const float shift = scale * simd.maximum(row, seen);
      sums[i] = simd.exp_scaled(row, seen, {scale, shift});
      if (shape.dropout.drops()) {
        head.draw_factors(simd, first + i, seen, factors);
        simd.on_float32.multiply(row, factors, row, seen);
      }
      std::memset(row + seen, 0, static_cast<std::size_t>(block.keys - seen) * sizeof(float));
      if (log_sum_exp != nullptr) {
        log_sum_exp[head.row_at() + first + i] = shift + std::log(sums[i]);
      }
    }
    simd.small_matmul(scores.read(), packed.values, o, false);
    for (std::int64_t i = 0; i < block.rows; ++i) simd.scale(o.row(i), D, 1.0f / sums[i]);
    finish_rows(simd, o, mixed);
  }
}

// What the query heads of one group share in backward, and a block of rows: the scores and, of
// bfloat16, copies of q, dO and dq.
template <class T>
struct BackwardScratch {
  BackwardScratch(const AttentionShape& shape, float* memory) {
    const std::int64_t tokens = shape.tokens, width = shape.head_width;
    const auto take = [&](std::int64_t rows, std::int64_t columns) {
      float* const data = std::exchange(memory, memory + rows * columns);
      return Strided<float>{data, rows, columns, columns};
    };
    for (Strided<float>* part : {&keys, &dk, &dv}) *part = take(tokens, width);
    for (Strided<float>* part : {&keys_t, &values_t}) *part = take(width, tokens);
    for (Strided<float>* part : {&p, &ds}) *part = take(kQueryRows, tokens);
    factors = take(factor_rows(shape), tokens).data;
    for (float** part : {&q, &dout, &dq}) *part = take(kCopiedRows<T>, width).data;
  }
  static std::int64_t floats(const AttentionShape& shape) {
    return (5 * shape.head_width + 2 * kQueryRows + factor_rows(shape)) * shape.tokens +
           3 * kCopiedRows<T> * shape.head_width;
  }

  Strided<float> keys, dk, dv;      // (T, D)
  Strided<float> keys_t, values_t;  // (D, T)
  Strided<float> p, ds;             // (rows, T)
  float* factors;                   // (T), with dropout
  float *q, *dout, *dq;             // (rows, D)
};

// Writes one head's dq and adds to its group's dk and dv.
template <class T>
void head_backward(const SimdKernels& simd, const Head& head, const BackwardScratch<T>& scratch,
                   const T* qkv, const T* out, const float* log_sum_exp, const T* dout, T* dqkv) {
  const AttentionShape& shape = head.shape;
  const std::int64_t tokens = shape.tokens, D = shape.head_width;
  const float scale = score_scale(shape);
  for (std::int64_t first = 0; first < tokens; first += kQueryRows) {
    const Block block = query_block(shape, first);
    const Strided<const T> mixed = head.mixed(out).part(first, block.rows);
    const Strided<const T> dmixed = head.mixed(dout).part(first, block.rows);
    const Strided<const float> q =
        as_floats(simd, head.queries(qkv).part(first, block.rows), scratch.q);
    const Strided<const float> dO = as_floats(simd, dmixed, scratch.dout);
    const Strided<T> dqueries = head.queries(dqkv).part(first, block.rows);
    const Strided<float> dq = place_for(dqueries, scratch.dq);
    const Strided<float> p = scratch.p.corner(block.rows, block.keys);
    const Strided<float> ds = scratch.ds.corner(block.rows, block.keys);
    simd.small_matmul(q, scratch.keys_t.read(), p, false);
    simd.small_matmul(dO, scratch.values_t.read(), ds, false);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      const std::int64_t seen = visible(shape, block, i);
      const auto hidden = static_cast<std::size_t>(block.keys - seen) * sizeof(float);
      const float delta = simd.on<T>().dot(dmixed.row(i), mixed.row(i), D);
      simd.exp_scaled(p.row(i), seen, {scale, log_sum_exp[head.row_at() + first + i]});
      if (shape.dropout.drops()) {
        head.draw_factors(simd, first + i, seen, scratch.factors);
        simd.dropped_softmax_backward(ds.row(i), p.row(i), scratch.factors, seen, {delta, scale});
      } else {
        simd.softmax_backward(ds.row(i), p.row(i), seen, {delta, scale});
      }
      std::memset(p.row(i) + seen, 0, hidden);
      std::memset(ds.row(i) + seen, 0, hidden);
    }
    simd.small_matmul(ds.read().transposed(), q, scratch.dk.part(0, block.keys), true);
    simd.small_matmul(p.read().transposed(), dO, scratch.dv.part(0, block.keys), true);
    simd.small_matmul(ds.read(), scratch.keys.read(), dq, false);
    finish_rows(simd, dq, dqueries);
  }
}

template <class T>
void forward_of(Ops& ops, const AttentionShape& shape, const T* qkv, T* out, float* log_sum_exp) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t tokens = shape.tokens, D = shape.head_width;
  auto forward = [&](std::int64_t batch, std::int64_t h, float* scratch) {
    const Head head{shape, batch, h};
    const Strided<float> keys{scratch, D, tokens, tokens};
    const Strided<float> values{scratch + D * tokens, tokens, D, D};
    copy_rows(simd, head.values(qkv), values);
    simd.on<T>().transpose(head.keys(qkv), keys);
    head_forward(simd, head, {keys.read(), values.read(), 0}, qkv, scratch + 2 * D * tokens, out,
                 log_sum_exp);
  };
  for_each(ops, shape, shape.heads, 2 * D * tokens + forward_scratch<T>(shape, tokens), forward);
}

template <class T>
void backward_of(Ops& ops, const AttentionShape& shape, const T* qkv, const T* out,
                 const float* log_sum_exp, const T* dout, T* dqkv) {
  const SimdKernels& simd = ops.simd();
  const auto bytes = static_cast<std::size_t>(shape.tokens * shape.head_width) * sizeof(float);
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  auto backward = [&](std::int64_t batch, std::int64_t group, float* memory) {
    const BackwardScratch<T> scratch(shape, memory);
    const Head first{shape, batch, group * share};
    copy_rows(simd, first.keys(qkv), scratch.keys);
    simd.on_float32.transpose(scratch.keys.read(), scratch.keys_t);
    simd.on<T>().transpose(first.values(qkv), scratch.values_t);
    std::memset(scratch.dk.data, 0, bytes);
    std::memset(scratch.dv.data, 0, bytes);
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_backward(simd, {shape, batch, head}, scratch, qkv, out, log_sum_exp, dout, dqkv);
    }
    write_rows(simd, scratch.dk.read(), first.keys(dqkv));
    write_rows(simd, scratch.dv.read(), first.values(dqkv));
  };
  for_each(ops, shape, shape.groups(), BackwardScratch<T>::floats(shape), backward);
}

}  // namespace

void attention_forward(Ops& ops, const AttentionShape& shape, ConstMatrix qkv, Matrix out,
                       float* log_sum_exp) {
  with_entries(qkv.dtype(),
               [&]<class T>() { forward_of(ops, shape, qkv.as<T>(), out.as<T>(), log_sum_exp); });
}

void attention_continue(Ops& ops, const AttentionShape& shape, const KeyValueCache& cache,
                        std::int64_t past, ConstMatrix qkv, Matrix out) {
  constexpr std::int64_t kGrainProducts = 65536;
  assert(shape.causal && !shape.dropout.drops() && past + shape.tokens <= cache.tokens);
  const SimdKernels& simd = ops.simd();
  const std::int64_t T = shape.tokens, D = shape.head_width;
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  const auto* const x = qkv.as<float>();
  auto forward = [&](std::int64_t batch, std::int64_t group, float* scratch) {
    const std::int64_t at = (batch * shape.groups() + group) * D * cache.tokens;
    float *keys = cache.keys + at, *values = cache.values + at;
    const Head first{shape, batch, group * share};
    copy_rows(simd, first.values(x), {values + past * D, T, D, D});
    simd.on_float32.transpose(first.keys(x), {keys + past, D, T, cache.tokens});
    const PackedHead packed{{keys, D, past + T, cache.tokens}, {values, past + T, D, D}, past};
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_forward(simd, {shape, batch, head}, packed, x, scratch, out.as<float>(),
                   /*log_sum_exp=*/nullptr);
    }
  };
  for_each(ops, shape, shape.groups(), forward_scratch<float>(shape, cache.tokens), forward,
           kGrainProducts / (2 * share * T * (past + T) * D) + 1);
}

void attention_backward(Ops& ops, const AttentionShape& shape, ConstMatrix qkv, ConstMatrix out,
                        const float* log_sum_exp, ConstMatrix dout, Matrix dqkv) {
  with_entries(qkv.dtype(), [&]<class T>() {
    backward_of(ops, shape, qkv.as<T>(), out.as<T>(), log_sum_exp, dout.as<T>(), dqkv.as<T>());
  });
}

}  // namespace pipetrain
