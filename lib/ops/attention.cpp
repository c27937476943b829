#include "ops/attention.h"

#include <cassert>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "ops/attention_pairs.h"
#include "ops/attention_rows.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// Rows of scratch for the factors of dropout.
std::int64_t factor_rows(const AttentionShape& shape) { return shape.dropout.drops() ? 1 : 0; }

// A head's keys and values, packed; the first `past` of them are of tokens before the first query.
struct PackedHead {
  Strided<const float> keys;    // (D, past + T)
  Strided<const float> values;  // (past + T, D)
  std::int64_t past;
};

// Of head_forward: scores (rows, past + T) and, with dropout, (past + T) factors.
std::int64_t forward_scratch(const AttentionShape& shape, std::int64_t keys) {
  return (kQueryRows + factor_rows(shape)) * keys;
}

// Writes one head's out and, unless it is null, its log_sum_exp.
void head_forward(const SimdKernels& simd, const Head& head, const PackedHead& packed,
                  const float* qkv, float* scratch, float* out, float* log_sum_exp) {
  const AttentionShape& shape = head.shape;
  const std::int64_t tokens = shape.tokens, D = shape.head_width, keys = packed.past + tokens;
  const float scale = score_scale(shape);
  float* const factors = scratch + kQueryRows * keys;
  for (std::int64_t first = 0; first < tokens; first += kQueryRows) {
    const Block block = query_block(shape, first, packed.past);
    const Strided<const float> q = head.queries(qkv).part(first, block.rows);
    const Strided<float> scores{scratch, block.rows, block.keys, keys};
    simd.small_matmul(q, packed.keys, scores, false);
    const Strided<float> o = head.mixed(out).part(first, block.rows);
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
  }
}

// What the query heads of one group share in backward, and the scores of a block of rows.
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
  }
  static std::int64_t floats(const AttentionShape& shape) {
    return (5 * shape.head_width + 2 * kQueryRows + factor_rows(shape)) * shape.tokens;
  }

  Strided<float> keys, dk, dv;      // (T, D)
  Strided<float> keys_t, values_t;  // (D, T)
  Strided<float> p, ds;             // (rows, T)
  float* factors;                   // (T), with dropout
};

// Writes one head's dq and adds to its group's dk and dv.
void head_backward(const SimdKernels& simd, const Head& head, const BackwardScratch& scratch,
                   const float* qkv, const float* out, const float* log_sum_exp, const float* dout,
                   float* dqkv) {
  const AttentionShape& shape = head.shape;
  const std::int64_t tokens = shape.tokens, D = shape.head_width;
  const float scale = score_scale(shape);
  for (std::int64_t first = 0; first < tokens; first += kQueryRows) {
    const Block block = query_block(shape, first);
    const Strided<const float> mixed = head.mixed(out).part(first, block.rows);
    const Strided<const float> dO = head.mixed(dout).part(first, block.rows);
    const Strided<const float> q = head.queries(qkv).part(first, block.rows);
    const Strided<float> dq = head.queries(dqkv).part(first, block.rows);
    const Strided<float> p = scratch.p.corner(block.rows, block.keys);
    const Strided<float> ds = scratch.ds.corner(block.rows, block.keys);
    simd.small_matmul(q, scratch.keys_t.read(), p, false);
    simd.small_matmul(dO, scratch.values_t.read(), ds, false);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      const std::int64_t seen = visible(shape, block, i);
      const auto hidden = static_cast<std::size_t>(block.keys - seen) * sizeof(float);
      const float delta = simd.on_float32.dot(dO.row(i), mixed.row(i), D);
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
  }
}

// So many products of two rows of D entries for each key that a query sees. The softmax between
// them is not counted.
Work attention_work(const AttentionShape& shape, int products,
                    std::initializer_list<ConstMatrix> matrices) {
  Work work = vector_work("attention", 0, matrices);
  const auto T = static_cast<double>(shape.tokens);
  work.kind = WorkKind::kAttention;
  work.dtype = matrices.begin()->dtype();
  work.flop = 2.0 * products * static_cast<double>(shape.batch * shape.heads * shape.head_width) *
              (shape.causal ? T * (T + 1) / 2 : T * T);
  return work;
}

void forward_of(Ops& ops, const AttentionShape& shape, const float* qkv, float* out,
                float* log_sum_exp) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t tokens = shape.tokens, D = shape.head_width;
  auto forward = [&](std::int64_t batch, std::int64_t h, float* scratch) {
    const Head head{shape, batch, h};
    const Strided<float> keys{scratch, D, tokens, tokens};
    const Strided<float> values{scratch + D * tokens, tokens, D, D};
    copy_rows(simd, head.values(qkv), values);
    simd.on_float32.transpose(head.keys(qkv), keys);
    head_forward(simd, head, {keys.read(), values.read(), 0}, qkv, scratch + 2 * D * tokens, out,
                 log_sum_exp);
  };
  for_each_head(ops, shape, shape.heads, 2 * D * tokens + forward_scratch(shape, tokens), forward);
}

void backward_of(Ops& ops, const AttentionShape& shape, const float* qkv, const float* out,
                 const float* log_sum_exp, const float* dout, float* dqkv) {
  const SimdKernels& simd = ops.simd();
  const auto bytes = static_cast<std::size_t>(shape.tokens * shape.head_width) * sizeof(float);
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  auto backward = [&](std::int64_t batch, std::int64_t group, float* memory) {
    const BackwardScratch scratch(shape, memory);
    const Head first{shape, batch, group * share};
    copy_rows(simd, first.keys(qkv), scratch.keys);
    simd.on_float32.transpose(scratch.keys.read(), scratch.keys_t);
    simd.on_float32.transpose(first.values(qkv), scratch.values_t);
    std::memset(scratch.dk.data, 0, bytes);
    std::memset(scratch.dv.data, 0, bytes);
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_backward(simd, {shape, batch, head}, scratch, qkv, out, log_sum_exp, dout, dqkv);
    }
    write_rows(simd, scratch.dk.read(), first.keys(dqkv));
    write_rows(simd, scratch.dv.read(), first.values(dqkv));
  };
  for_each_head(ops, shape, shape.groups(), BackwardScratch::floats(shape), backward);
}

}  // namespace

void attention_forward(Ops& ops, const AttentionShape& shape, ConstMatrix qkv, Matrix out,
                       float* log_sum_exp) {
  const WorkScope scope(ops, [&] { return attention_work(shape, 2, {qkv, out}); });
  if (qkv.dtype() == DType::kFloat32) {
    return forward_of(ops, shape, qkv.as<float>(), out.as<float>(), log_sum_exp);
  }
  paired_attention_forward(ops, shape, qkv.as<BFloat16>(), out.as<BFloat16>(), log_sum_exp);
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
  for_each_head(ops, shape, shape.groups(), forward_scratch(shape, cache.tokens), forward,
                kGrainProducts / (2 * share * T * (past + T) * D) + 1);
}

void attention_backward(Ops& ops, const AttentionShape& shape, ConstMatrix qkv, ConstMatrix out,
                        const float* log_sum_exp, ConstMatrix dout, Matrix dqkv) {
  const WorkScope scope(ops, [&] { return attention_work(shape, 5, {qkv, out, dout, dqkv}); });
  if (qkv.dtype() == DType::kFloat32) {
    return backward_of(ops, shape, qkv.as<float>(), out.as<float>(), log_sum_exp, dout.as<float>(),
                       dqkv.as<float>());
  }
  paired_attention_backward(ops, shape, qkv.as<BFloat16>(), out.as<BFloat16>(), log_sum_exp,
                            dout.as<BFloat16>(), dqkv.as<BFloat16>());
}

}  // namespace pipetrain
