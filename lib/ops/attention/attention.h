// Scaled dot-product attention (Vaswani et al., arXiv:1706.03762, section 3.2.1) in blocks of query
// rows; only the log-sum-exp of each row is kept for backward (Dao et al., arXiv:2205.14135,
// section 3.1). Scores, softmax and sums are float32 also where the entries are bfloat16. It must
// not know layers.
#pragma once

#include <cstdint>
#include <span>

#include "ops/dropout.h"
#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

struct AttentionShape {
  std::int64_t batch = 0, tokens = 0, heads = 0, head_width = 0;  // B, T, H, D
  bool causal = true;
  // G, which divides H: H / G neighbouring query heads share a head of keys and values (Ainslie et
  // al., arXiv:2305.13245, section 2.2). 0: as many as heads.
  std::int64_t kv_heads = 0;
  // Of the weights, after the softmax: each is drawn by its row, head, query and key. The first of
  // these heads has the number first_head among all heads of the layer.
  DropoutMask dropout = {};
  std::int64_t first_head = 0;
  // Of causal attention: a query sees so many keys, its own the last (Beltagy et al.,
  // arXiv:2004.05150, section 3.1). 0: all before it.
  std::int64_t window = 0;
  float score_width = 0;  // scores are divided by its root; 0: D
  // Scores s become cap * tanh(s / cap) (Gemma Team, arXiv:2408.00118, section 2). 0: they stay.
  float score_cap = 0;

  // For each token (B, T) the place in its row at which its document begins: it sees no key of
  // another one. Null: a row is one document.
  const std::int32_t* document_starts = nullptr;

  // Of causal attention over a slice of each row: so many of its tokens come before, and it has
  // `row_tokens` in all. 0 and 0: the tokens are the whole row.
  std::int64_t past = 0, row_tokens = 0;

  std::int64_t groups() const { return kv_heads == 0 ? heads : kv_heads; }
  std::int64_t qkv_heads() const { return heads + 2 * groups(); }  // H + 2 G
};

// A slice of the same rows before the one that attends: its qkv (B, t, H + 2 G, D). Backward adds
// to the gradients of its keys and values (B, t, 2, G, D).
struct EarlierSlice {
  ConstMatrix qkv;
  std::int64_t tokens;
  float* gradients;
};
using EarlierSlices = std::span<const EarlierSlice>;  // ascending; `past` tokens together

// qkv (B, T, H + 2 G, D): queries, then keys, then values -> out (B, T, H, D), log_sum_exp (B, H,
// T).
void attention_forward(Ops& ops, const AttentionShape& shape, ConstMatrix qkv, Matrix out,
                       float* log_sum_exp, EarlierSlices earlier = {});
// Keys (B, G, D, N) and values (B, G, N, D) of sequences' tokens so far, of up to N = `tokens`.
struct KeyValueCache {
  float *keys, *values;
  std::int64_t tokens;
};
// The same, causal and of float32, for T tokens that follow on `past` others, or where documents
// have starts on as many of their own: theirs join the others' keys and values in the cache. A
// sequence has the same bits beside any others.
void attention_continue(Ops& ops, const AttentionShape& shape, const KeyValueCache& cache,
                        std::int64_t past, ConstMatrix qkv, Matrix out);

// dout (B, T, H, D) -> dqkv (B, T, H + 2 G, D), which may take the place of qkv. `later`: what the
// slices behind have added up for these keys and values (B, T, 2, G, D); null: nothing.
void attention_backward(Ops& ops, const AttentionShape& shape, ConstMatrix qkv, ConstMatrix out,
                        const float* log_sum_exp, ConstMatrix dout, Matrix dqkv,
                        EarlierSlices earlier = {}, const float* later = nullptr);

}  // namespace pipetrain
