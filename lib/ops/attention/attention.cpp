#include "ops/attention/attention.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <utility>

#include "ops/attention/attention_pairs.h"
#include "ops/attention/attention_rows.h"
#include "ops/work_log.h"

namespace pipetrain {
namespace {

// Rows of scratch beside the scores.
std::int64_t factor_rows(const AttentionShape& shape) { return shape.dropout.drops() ? 1 : 0; }
std::int64_t capped_rows(const AttentionShape& shape) { return shape.score_cap > 0 ? 1 : 0; }

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

struct Mixed {
  float *out, *log_sum_exp;
};

// Writes one head's out and, unless it is null, its log_sum_exp.
void head_forward(const SimdKernels& simd, const Head& head, const PackedHead& packed,
                  const float* qkv, float* scratch, const Mixed& mixed) {
  const auto [out, log_sum_exp] = mixed;
  const AttentionShape& shape = head.shape;
  const std::int64_t tokens = shape.tokens, D = shape.head_width, keys = packed.past + tokens;
  const RowScratch row_scratch{scratch + kQueryRows * keys, nullptr};
  for (std::int64_t first = 0; first < tokens; first += kQueryRows) {
    const Block block = query_block(shape, head.batch, first, packed.past);
    const Strided<const float> q = head.queries(qkv).part(first, block.rows);
    const Strided<float> scores{scratch, block.rows, block.keys, keys};
    simd.small_matmul(q, packed.keys.from_column(block.first_key), scores, false);
    const Strided<float> o = head.mixed(out).part(first, block.rows);
    float sums[kQueryRows];
    softmax_rows(simd, head, block, scores, row_scratch, sums,
                 log_sum_exp == nullptr ? nullptr : log_sum_exp + head.row_at() + first);
    simd.small_matmul(scores.read(), packed.values.part(block.first_key, block.keys), o, false);
    for (std::int64_t i = 0; i < block.rows; ++i) simd.scale(o.row(i), D, 1.0f / sums[i]);
  }
}

// The one query of `share` neighbouring heads, from `first` on, which read their keys and values
// once: the same bits as head_forward for each of them.
void query_forward(const SimdKernels& simd, const Head& first, std::int64_t share,
                   const PackedHead& packed, const float* qkv, float* scratch, float* out) {
  const AttentionShape& shape = first.shape;
  const std::int64_t D = shape.head_width;
  const Block block = query_block(shape, first.batch, 0, packed.past);
  const SeenKeys seen = visible(shape, block, 0);
  const Strided<float> scores{scratch, share, block.keys, packed.past + 1};
  const Strided<const float> q{first.queries(qkv).data, share, D, D};
  const Strided<float> o{first.mixed(out).data, share, D, D};
  simd.small_matmul(q, packed.keys.from_column(block.first_key), scores, false);
  float* const sums = scratch + share * (packed.past + 1);
  for (std::int64_t i = 0; i < share; ++i) {
    float* const row = scores.row(i) + seen.from;
    const float scale = cap_scores(simd, shape, row, seen.count());
    sums[i] = simd.exp_scaled(row, seen.count(), {scale, scale * simd.maximum(row, seen.count())});
    hide(seen, scores.columns, scores.row(i));
  }
  simd.small_matmul(scores.read(), packed.values.part(block.first_key, block.keys), o, false);
  for (std::int64_t i = 0; i < share; ++i) simd.scale(o.row(i), D, 1.0f / sums[i]);
}

// What the query heads of one group share in backward, and the scores of a block of rows.
struct BackwardScratch {
  BackwardScratch(const AttentionShape& shape, float* memory) {
    const std::int64_t tokens = shape.past + shape.tokens, width = shape.head_width;
    const auto take = [&](std::int64_t count, std::int64_t columns) {
      float* const data = std::exchange(memory, memory + count * columns);
      return Strided<float>{data, count, columns, columns};
    };
    for (Strided<float>* part : {&keys, &dk, &dv}) *part = take(tokens, width);
    for (Strided<float>* part : {&keys_t, &values_t}) *part = take(width, tokens);
    for (Strided<float>* part : {&p, &ds}) *part = take(kQueryRows, tokens);
    rows = {take(factor_rows(shape), tokens).data, take(capped_rows(shape), tokens).data};
  }
  static std::int64_t floats(const AttentionShape& shape) {
    return (5 * shape.head_width + 2 * kQueryRows + factor_rows(shape) + capped_rows(shape)) *
           (shape.past + shape.tokens);
  }

  Strided<float> keys, dk, dv;      // (past + T, D)
  Strided<float> keys_t, values_t;  // (D, past + T)
  Strided<float> p, ds;             // (rows, past + T)
  RowScratch rows;
};

struct ForBackward {
  const float *qkv, *out, *log_sum_exp, *dout;
};

// Writes one head's dq and adds to its group's dk and dv.
void head_backward(const SimdKernels& simd, const Head& head, const BackwardScratch& scratch,
                   const ForBackward& given, float* dqkv) {
  const auto [qkv, out, log_sum_exp, dout] = given;
  const AttentionShape& shape = head.shape;
  for (std::int64_t first = 0; first < shape.tokens; first += kQueryRows) {
    const Block block = query_block(shape, head.batch, first, shape.past);
    const Strided<const float> mixed = head.mixed(out).part(first, block.rows);
    const Strided<const float> dO = head.mixed(dout).part(first, block.rows);
    const Strided<const float> q = head.queries(qkv).part(first, block.rows);
    const Strided<float> dq = head.queries(dqkv).part(first, block.rows);
    const Strided<float> p = scratch.p.corner(block.rows, block.keys);
    const Strided<float> ds = scratch.ds.corner(block.rows, block.keys);
    simd.small_matmul(q, scratch.keys_t.read().from_column(block.first_key), p, false);
    simd.small_matmul(dO, scratch.values_t.read().from_column(block.first_key), ds, false);
    softmax_rows_backward(simd, head, block, log_sum_exp + head.row_at() + first, dO, mixed,
                          scratch.rows, p, ds);
    const auto seen = [&](const Strided<float>& rows) {
      return rows.part(block.first_key, block.keys);
    };
    simd.small_matmul(ds.read().transposed(), q, seen(scratch.dk), true);
    simd.small_matmul(p.read().transposed(), dO, seen(scratch.dv), true);
    simd.small_matmul(ds.read(), seen(scratch.keys).read(), dq, false);
  }
}

// Of the mean sequence.
double pairs_in_documents(const AttentionShape& shape) {
  std::int64_t pairs = 0;
  for (std::int64_t i = 0; i < shape.batch * shape.tokens; ++i) {
    const std::int64_t t = i % shape.tokens, start = shape.document_starts[i];
    const std::int64_t end =
        shape.causal ? shape.past + t + 1 : document_end(shape, shape.document_starts + i - t, t);
    pairs += shape.window == 0 ? end - start : std::min(end - start, shape.window);
  }
  return static_cast<double>(pairs) / static_cast<double>(shape.batch);
}

// Pairs of a query and a key that it sees.
double seen_pairs(const AttentionShape& shape) {
  if (shape.document_starts != nullptr) return pairs_in_documents(shape);
  const auto pairs_up_to = [&](std::int64_t tokens) {
    const auto T = static_cast<double>(tokens);
    if (!shape.causal) return T * T;
    const auto hidden = static_cast<double>(
        shape.window == 0 ? 0 : std::max<std::int64_t>(tokens - shape.window, 0));
    return (T * (T + 1) - hidden * (hidden + 1)) / 2;
  };
  return pairs_up_to(shape.past + shape.tokens) - (shape.past > 0 ? pairs_up_to(shape.past) : 0);
}

// So many products of two rows of D entries for each key that a query sees. The softmax between
// them is not counted.
Work attention_work(const AttentionShape& shape, int products,
                    std::initializer_list<ConstMatrix> matrices) {
  Work work = vector_work("attention", 0, matrices);
  work.kind = WorkKind::kAttention;
  work.dtype = matrices.begin()->dtype();
  work.flop = 2.0 * products * static_cast<double>(shape.batch * shape.heads * shape.head_width) *
              seen_pairs(shape);
  return work;
}

void forward_of(Ops& ops, const AttentionShape& shape, const float* qkv, float* out,
                float* log_sum_exp, EarlierSlices earlier) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t tokens = shape.past + shape.tokens, D = shape.head_width;
  auto forward = [&](std::int64_t batch, std::int64_t h, float* scratch) {
    const Head head{shape, batch, h};
    const Strided<float> keys{scratch, D, tokens, tokens};
    const Strided<float> values{scratch + D * tokens, tokens, D, D};
    const auto pack = [&](const Head& slice, const float* x, const void*, std::int64_t first) {
      copy_rows(simd, slice.values(x), values.part(first, slice.shape.tokens));
      simd.on_float32.transpose(slice.keys(x),
                                keys.from_column(first).corner(D, slice.shape.tokens));
    };
    for_each_slice<float, const void>(head, earlier, qkv, nullptr, pack);
    head_forward(simd, head, {keys.read(), values.read(), shape.past}, qkv,
                 scratch + 2 * D * tokens, {out, log_sum_exp});
  };
  for_each_head(ops, shape, shape.heads, 2 * D * tokens + forward_scratch(shape, tokens), forward);
}

void backward_of(Ops& ops, const AttentionShape& shape, const ForBackward& given, float* dqkv,
                 EarlierSlices earlier, const float* later) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  auto backward = [&](std::int64_t batch, std::int64_t group, float* memory) {
    const BackwardScratch scratch(shape, memory);
    const Head first{shape, batch, group * share};
    const auto pack = [&](const Head& slice, const float* x, const void*, std::int64_t at) {
      const std::int64_t tokens = slice.shape.tokens, D = shape.head_width;
      copy_rows(simd, slice.keys(x), scratch.keys.part(at, tokens));
      simd.on_float32.transpose(slice.values(x),
                                scratch.values_t.from_column(at).corner(D, tokens));
    };
    for_each_slice<float, const void>(first, earlier, given.qkv, nullptr, pack);
    simd.on_float32.transpose(scratch.keys.read(), scratch.keys_t);
    begin_sums<float>(simd, first, earlier, later, scratch.dk, scratch.dv);
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_backward(simd, {shape, batch, head}, scratch, given, dqkv);
    }
    end_sums(simd, first, earlier, scratch.dk, scratch.dv, dqkv);
  };
  for_each_head(ops, shape, shape.groups(), BackwardScratch::floats(shape), backward);
}

}  // namespace

void attention_forward(Ops& ops, const AttentionShape& shape, ConstMatrix qkv, Matrix out,
                       float* log_sum_exp, EarlierSlices earlier) {
  const WorkScope scope(ops, [&] { return attention_work(shape, 2, {qkv, out}); });
  if (qkv.dtype() == DType::kFloat32) {
    return forward_of(ops, shape, qkv.as<float>(), out.as<float>(), log_sum_exp, earlier);
  }
  paired_attention_forward(ops, shape, qkv.as<BFloat16>(), out.as<BFloat16>(), log_sum_exp,
                           earlier);
}

void attention_continue(Ops& ops, const AttentionShape& given, const KeyValueCache& cache,
                        std::int64_t past, ConstMatrix qkv, Matrix out) {
  constexpr std::int64_t kGrainProducts = 65536;
  assert(given.causal && !given.dropout.drops() && past + given.tokens <= cache.tokens);
  AttentionShape shape = given;  // a sequence's tokens lie from the cache's beginning on
  shape.document_starts = nullptr;
  const SimdKernels& simd = ops.simd();
  const std::int64_t T = shape.tokens, D = shape.head_width;
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  const auto* const x = qkv.as<float>();
  auto forward = [&](std::int64_t batch, std::int64_t group, float* scratch) {
    const std::int64_t at = (batch * shape.groups() + group) * D * cache.tokens;
    const std::int64_t own =
        past - (given.document_starts == nullptr ? 0 : given.document_starts[batch * T]);
    float *keys = cache.keys + at, *values = cache.values + at;
    const Head first{shape, batch, group * share};
    copy_rows(simd, first.values(x), {values + own * D, T, D, D});
    simd.on_float32.transpose(first.keys(x), {keys + own, D, T, cache.tokens});
    const PackedHead packed{{keys, D, own + T, cache.tokens}, {values, own + T, D, D}, own};
    if (T == 1) return query_forward(simd, first, share, packed, x, scratch, out.as<float>());
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_forward(simd, {shape, batch, head}, packed, x, scratch,
                   {.out = out.as<float>(), .log_sum_exp = nullptr});
    }
  };
  const std::int64_t floats =
      T == 1 ? share * (cache.tokens + 1) : forward_scratch(shape, cache.tokens);
  for_each_head(ops, shape, shape.groups(), floats, forward,
                kGrainProducts / (2 * share * T * (past + T) * D) + 1);
}

void attention_backward(Ops& ops, const AttentionShape& shape, ConstMatrix qkv, ConstMatrix out,
                        const float* log_sum_exp, ConstMatrix dout, Matrix dqkv,
                        EarlierSlices earlier, const float* later) {
  const WorkScope scope(ops, [&] { return attention_work(shape, 5, {qkv, out, dout, dqkv}); });
  if (qkv.dtype() == DType::kFloat32) {
    return backward_of(ops, shape,
                       {qkv.as<float>(), out.as<float>(), log_sum_exp, dout.as<float>()},
                       dqkv.as<float>(), earlier, later);
  }
  paired_attention_backward(ops, shape, qkv.as<BFloat16>(), out.as<BFloat16>(), log_sum_exp,
                            dout.as<BFloat16>(), dqkv.as<BFloat16>(), earlier, later);
}

}  // namespace pipetrain
