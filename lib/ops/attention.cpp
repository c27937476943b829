#include "ops/attention.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/parallel.h"

namespace pipetrain {
namespace {

// Few query rows waste little on keys that a causal row does not see; whole register tiles of every
// instruction set fit in.
constexpr std::int64_t kQueryRows = 24;

// Where one head of one sequence lies in (B, T, 3, H, D) and (B, T, H, D), and the memory of its
// thread.
struct Head {
  const AttentionShape& shape;
  std::int64_t batch, head;

  std::int64_t qkv_stride() const { return 3 * shape.heads * shape.head_width; }
  std::int64_t out_stride() const { return shape.heads * shape.head_width; }
  // part 0 query, 1 key, 2 value
  std::int64_t qkv_at(int part) const {
    return batch * shape.tokens * qkv_stride() + (part * shape.heads + head) * shape.head_width;
  }
  std::int64_t out_at() const {
    return batch * shape.tokens * out_stride() + head * shape.head_width;
  }
  std::int64_t row_at() const { return (batch * shape.heads + head) * shape.tokens; }
};

struct Block {
  std::int64_t first, rows, keys;  // query rows first.. and the keys that they may see
};

Block query_block(const AttentionShape& shape, std::int64_t first) {
  const std::int64_t rows = std::min(kQueryRows, shape.tokens - first);
  return {first, rows, shape.causal ? first + rows : shape.tokens};
}

// How many keys query row `i` of a block sees.
std::int64_t visible(const AttentionShape& shape, const Block& block, std::int64_t i) {
  return shape.causal ? block.first + i + 1 : shape.tokens;
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

template <class Body>
void for_each_head(Ops& ops, const AttentionShape& shape, std::int64_t scratch_floats,
                   const Body& body) {
  Tensor scratch(ops.pool(), {ops.threads(), scratch_floats});
  parallel_ranges(shape.batch * shape.heads, 1,
                  [&](std::int64_t begin, std::int64_t end, int thread) {
                    for (std::int64_t i = begin; i < end; ++i) {
                      body(Head{shape, i / shape.heads, i % shape.heads},
                           scratch.f32() + thread * scratch_floats);
                    }
                  });
}

}  // namespace

void attention_forward(Ops& ops, const AttentionShape& shape, const float* qkv, float* out,
                       float* log_sum_exp) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t T = shape.tokens, D = shape.head_width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(D));
  for_each_head(ops, shape, (2 * D + kQueryRows) * T, [&](const Head& head, float* scratch) {
    float* keys = scratch;           // (D, T)
    float* values = keys + D * T;    // (T, D)
    float* scores = values + D * T;  // (rows, T)
    const float* q = qkv + head.qkv_at(0);
    const std::int64_t stride = head.qkv_stride();
    copy_rows(T, D, qkv + head.qkv_at(2), stride, values, D);
    simd.transpose(T, D, qkv + head.qkv_at(1), stride, keys, T);
    for (std::int64_t first = 0; first < T; first += kQueryRows) {
      const Block block = query_block(shape, first);
      simd.small_matmul(block.rows, block.keys, D, q + first * stride, stride, 1, keys, T, scores,
                        T, false);
      float* o = out + head.out_at() + first * head.out_stride();
      float sums[kQueryRows];
      for (std::int64_t i = 0; i < block.rows; ++i) {
        float* row = scores + i * T;
        const std::int64_t seen = visible(shape, block, i);
        const float shift = scale * simd.maximum(row, seen);
        sums[i] = simd.exp_scaled(row, seen, scale, shift);
        std::memset(row + seen, 0, static_cast<std::size_t>(block.keys - seen) * sizeof(float));
        log_sum_exp[head.row_at() + first + i] = shift + std::log(sums[i]);
      }
      simd.small_matmul(block.rows, D, block.keys, scores, T, 1, values, D, o, head.out_stride(),
                        false);
      for (std::int64_t i = 0; i < block.rows; ++i) {
        simd.scale(o + i * head.out_stride(), D, 1.0f / sums[i]);
      }
    }
  });
}

void attention_backward(Ops& ops, const AttentionShape& shape, const float* qkv, const float* out,
                        const float* log_sum_exp, const float* dout, float* dqkv) {
  const SimdKernels& simd = ops.simd();
  const std::int64_t T = shape.tokens, D = shape.head_width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(D));
  for_each_head(ops, shape, (5 * D + 2 * kQueryRows) * T, [&](const Head& head, float* scratch) {
    float* keys = scratch;             // (T, D)
    float* keys_t = keys + D * T;      // (D, T)
    float* values_t = keys_t + D * T;  // (D, T)
    float* dk = values_t + D * T;      // (T, D)
    float* dv = dk + D * T;            // (T, D)
    float* p = dv + D * T;             // (rows, T)
    float* ds = p + kQueryRows * T;    // (rows, T)
    const std::int64_t stride = head.qkv_stride(), out_stride = head.out_stride();
    const float* q = qkv + head.qkv_at(0);
    float* dq = dqkv + head.qkv_at(0);
    copy_rows(T, D, qkv + head.qkv_at(1), stride, keys, D);
    simd.transpose(T, D, keys, D, keys_t, T);
    simd.transpose(T, D, qkv + head.qkv_at(2), stride, values_t, T);
    std::memset(dk, 0, static_cast<std::size_t>(2 * D * T) * sizeof(float));
    for (std::int64_t first = 0; first < T; first += kQueryRows) {
      const Block block = query_block(shape, first);
      const float* dO = dout + head.out_at() + first * out_stride;
      const float* o = out + head.out_at() + first * out_stride;
      const float* q_block = q + first * stride;
      simd.small_matmul(block.rows, block.keys, D, q_block, stride, 1, keys_t, T, p, T, false);
      simd.small_matmul(block.rows, block.keys, D, dO, out_stride, 1, values_t, T, ds, T, false);
      for (std::int64_t i = 0; i < block.rows; ++i) {
        const std::int64_t seen = visible(shape, block, i);
        const auto hidden = static_cast<std::size_t>(block.keys - seen) * sizeof(float);
        const float delta = simd.dot(dO + i * out_stride, o + i * out_stride, D);
        simd.exp_scaled(p + i * T, seen, scale, log_sum_exp[head.row_at() + first + i]);
        simd.softmax_backward(ds + i * T, p + i * T, seen, delta, scale);
        std::memset(p + i * T + seen, 0, hidden);
        std::memset(ds + i * T + seen, 0, hidden);
      }
      simd.small_matmul(block.keys, D, block.rows, ds, 1, T, q_block, stride, dk, D, true);
      simd.small_matmul(block.keys, D, block.rows, p, 1, T, dO, out_stride, dv, D, true);
      simd.small_matmul(block.rows, D, block.keys, ds, T, 1, keys, D, dq + first * stride, stride,
                        false);
    }
    copy_rows(T, D, dk, D, dqkv + head.qkv_at(1), stride);
    copy_rows(T, D, dv, D, dqkv + head.qkv_at(2), stride);
  });
}

}  // namespace pipetrain
