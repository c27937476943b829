#include "ops/attention.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

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
Block query_block(const AttentionShape& shape, std::int64_t first, std::int64_t past = 0) {
  const std::int64_t rows = std::min(kQueryRows, shape.tokens - first);
  return {first, rows, past + (shape.causal ? first + rows : shape.tokens)};
}

// How many keys query row `i` of a block sees.
std::int64_t visible(const AttentionShape& shape, const Block& block, std::int64_t i) {
  return shape.causal ? block.keys - block.rows + i + 1 : block.keys;
}

// (rows, width) from one place to another. Rows of all heads lie a power of two apart, or nearly,
// and would push each other out of the cache: what is read or written often is kept packed.
void copy_rows(std::int64_t rows, std::int64_t width, const float* from, std::int64_t from_stride,
               float* to, std::int64_t to_stride) {
  for (std::int64_t i = 0; i < rows; ++i) {
    std::memcpy(to + i * to_stride, from + i * from_stride,
                static_cast<std::size_t>(width) * sizeof(float));
  }
}

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

// Writes one head's out and, unless it is null, its log_sum_exp. Scratch: scores (rows, past + T),
// and with dropout (past + T) factors.
void head_forward(const SimdKernels& simd, const Head& head, const PackedHead& packed,
                  const float* qkv, float* scores, float* out, float* log_sum_exp) {
  const AttentionShape& shape = head.shape;
  const std::int64_t T = shape.tokens, D = shape.head_width, pitch = packed.past + T;
  const std::int64_t stride = head.qkv_stride(), out_stride = head.out_stride();
  const float scale = score_scale(shape);
  const float* q = qkv + head.query_at();
  float* factors = scores + kQueryRows * pitch;
  for (std::int64_t first = 0; first < T; first += kQueryRows) {
    const Block block = query_block(shape, first, packed.past);
    simd.small_matmul(block.rows, block.keys, D, q + first * stride, stride, 1, packed.keys,
                      packed.pitch, scores, pitch, false);
    float* o = out + head.out_at() + first * out_stride;
    float sums[kQueryRows];
    for (std::int64_t i = 0; i < block.rows; ++i) {
      float* row = scores + i * pitch;
      const std::int64_t seen = visible(shape, block, i);
      const float shift = scale * simd.maximum(row, seen);
      sums[i] = simd.exp_scaled(row, seen, scale, shift);
      if (shape.dropout.drops()) {
        head.draw_factors(simd, first + i, seen, factors);
        simd.multiply(row, factors, row, seen);
      }
      std::memset(row + seen, 0, static_cast<std::size_t>(block.keys - seen) * sizeof(float));
      if (log_sum_exp != nullptr) {
        log_sum_exp[head.row_at() + first + i] = shift + std::log(sums[i]);
      }
    }
    simd.small_matmul(block.rows, D, block.keys, scores, pitch, 1, packed.values, D, o, out_stride,
                      false);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      simd.scale(o + i * out_stride, D, 1.0f / sums[i]);
    }
  }
}

// What the query heads of one group share in backward, and the scores of a block of rows.
struct BackwardScratch {
  BackwardScratch(const AttentionShape& shape, float* memory) {
    const std::int64_t size = shape.tokens * shape.head_width;
    for (float** part : {&keys, &keys_t, &values_t, &dk, &dv}) {
      *part = memory;
      memory += size;
    }
    p = memory;
    ds = p + kQueryRows * shape.tokens;
    factors = ds + kQueryRows * shape.tokens;
  }
  static std::int64_t floats(const AttentionShape& shape) {
    return (5 * shape.head_width + 2 * kQueryRows + factor_rows(shape)) * shape.tokens;
  }

  float *keys, *keys_t, *values_t;  // (T, D), (D, T), (D, T)
  float *dk, *dv;                   // (T, D)
  float *p, *ds;                    // (rows, T)
  float* factors;                   // (T), with dropout
};

// Writes one head's dq and adds to its group's dk and dv.
void head_backward(const SimdKernels& simd, const Head& head, const BackwardScratch& scratch,
                   const float* qkv, const float* out, const float* log_sum_exp, const float* dout,
                   float* dqkv) {
  const AttentionShape& shape = head.shape;
  const std::int64_t T = shape.tokens, D = shape.head_width;
  const std::int64_t stride = head.qkv_stride(), out_stride = head.out_stride();
  const float scale = score_scale(shape);
  float *p = scratch.p, *ds = scratch.ds;
  for (std::int64_t first = 0; first < T; first += kQueryRows) {
    const Block block = query_block(shape, first);
    const float* dO = dout + head.out_at() + first * out_stride;
    const float* o = out + head.out_at() + first * out_stride;
    const float* q = qkv + head.query_at() + first * stride;
    float* dq = dqkv + head.query_at() + first * stride;
    simd.small_matmul(block.rows, block.keys, D, q, stride, 1, scratch.keys_t, T, p, T, false);
    simd.small_matmul(block.rows, block.keys, D, dO, out_stride, 1, scratch.values_t, T, ds, T,
                      false);
    for (std::int64_t i = 0; i < block.rows; ++i) {
      const std::int64_t seen = visible(shape, block, i);
      const auto hidden = static_cast<std::size_t>(block.keys - seen) * sizeof(float);
      const float delta = simd.dot(dO + i * out_stride, o + i * out_stride, D);
      simd.exp_scaled(p + i * T, seen, scale, log_sum_exp[head.row_at() + first + i]);
      if (shape.dropout.drops()) {
        head.draw_factors(simd, first + i, seen, scratch.factors);
        simd.dropped_softmax_backward(ds + i * T, p + i * T, scratch.factors, seen, delta, scale);
      } else {
        simd.softmax_backward(ds + i * T, p + i * T, seen, delta, scale);
      }
      std::memset(p + i * T + seen, 0, hidden);
      std::memset(ds + i * T + seen, 0, hidden);
    }
    simd.small_matmul(block.keys, D, block.rows, ds, 1, T, q, stride, scratch.dk, D, true);
    simd.small_matmul(block.keys, D, block.rows, p, 1, T, dO, out_stride, scratch.dv, D, true);
    simd.small_matmul(block.rows, D, block.keys, ds, T, 1, scratch.keys, D, dq, stride, false);
  }
}

}  // namespace

void attention_forward(Ops& ops, const AttentionShape& shape, const float* qkv, float* out,
                       float* log_sum_exp) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t T = shape.tokens, D = shape.head_width;
  auto forward = [&](std::int64_t batch, std::int64_t h, float* scratch) {
    const Head head{shape, batch, h};
    float* keys = scratch;           // (D, T)
    float* values = keys + D * T;    // (T, D)
    float* scores = values + D * T;  // (rows, T)
    copy_rows(T, D, qkv + head.value_at(), head.qkv_stride(), values, D);
    simd.transpose(T, D, qkv + head.key_at(), head.qkv_stride(), keys, T);
    head_forward(simd, head, {keys, T, values, 0}, qkv, scores, out, log_sum_exp);
  };
  for_each(ops, shape.batch, shape.heads, (2 * D + kQueryRows + factor_rows(shape)) * T, forward);
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
    copy_rows(T, D, qkv + first.value_at(), first.qkv_stride(), values + past * D, D);
    simd.transpose(T, D, qkv + first.key_at(), first.qkv_stride(), keys + past, cache.tokens);
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_forward(simd, {shape, batch, head}, {keys, cache.tokens, values, past}, qkv, scores, out,
                   /*log_sum_exp=*/nullptr);
    }
  };
  for_each(ops, shape.batch, shape.groups(), kQueryRows * cache.tokens, forward,
           kGrainProducts / (2 * share * T * (past + T) * D) + 1);
}

void attention_backward(Ops& ops, const AttentionShape& shape, const float* qkv, const float* out,
                        const float* log_sum_exp, const float* dout, float* dqkv) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t T = shape.tokens, D = shape.head_width;
  const std::int64_t share = shape.heads / shape.groups();  // query heads of a group
  auto backward = [&](std::int64_t batch, std::int64_t group, float* memory) {
    const BackwardScratch scratch(shape, memory);
    const Head first{shape, batch, group * share};
    const std::int64_t stride = first.qkv_stride();
    copy_rows(T, D, qkv + first.key_at(), stride, scratch.keys, D);
    simd.transpose(T, D, scratch.keys, D, scratch.keys_t, T);
    simd.transpose(T, D, qkv + first.value_at(), stride, scratch.values_t, T);
    std::memset(scratch.dk, 0, static_cast<std::size_t>(T * D) * sizeof(float));
    std::memset(scratch.dv, 0, static_cast<std::size_t>(T * D) * sizeof(float));
    for (std::int64_t head = first.head; head < first.head + share; ++head) {
      head_backward(simd, {shape, batch, head}, scratch, qkv, out, log_sum_exp, dout, dqkv);
    }
    copy_rows(T, D, scratch.dk, D, dqkv + first.key_at(), stride);
    copy_rows(T, D, scratch.dv, D, dqkv + first.value_at(), stride);
  };
  for_each(ops, shape.batch, shape.groups(), BackwardScratch::floats(shape), backward);
}

}  // namespace pipetrain
