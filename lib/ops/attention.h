// Scaled dot-product attention (Vaswani et al., arXiv:1706.03762, section 3.2.1) in blocks of query
// rows; only the log-sum-exp of each row is kept for backward (Dao et al., arXiv:2205.14135,
// section 3.1). It must not know layers.
#pragma once

#include "ops/ops.h"

namespace pipetrain {

struct AttentionShape {
  std::int64_t batch = 0, tokens = 0, heads = 0, head_width = 0;  // B, T, H, D
  bool causal = true;
};

// qkv (B, T, 3, H, D) -> out (B, T, H, D), log_sum_exp (B, H, T).
void attention_forward(Ops& ops, const AttentionShape& shape, const float* qkv, float* out,
                       float* log_sum_exp);
// dout (B, T, H, D) -> dqkv (B, T, 3, H, D). `dqkv` must not be `qkv`.
void attention_backward(Ops& ops, const AttentionShape& shape, const float* qkv, const float* out,
                        const float* log_sum_exp, const float* dout, float* dqkv);

}  // namespace pipetrain
