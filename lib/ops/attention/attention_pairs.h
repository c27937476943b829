// Attention on bfloat16 by the processor's products of pairs: see ops/attention/attention.h for the
// shapes. Scores and softmax are float32; the softmax's weights and the scores' gradients are
// rounded before they are multiplied. Only attention.cpp includes this.
#pragma once

#include "ops/attention/attention.h"

namespace pipetrain {

void paired_attention_forward(Ops& ops, const AttentionShape& shape, const BFloat16* qkv,
                              BFloat16* out, float* log_sum_exp, EarlierSlices earlier);
void paired_attention_backward(Ops& ops, const AttentionShape& shape, const BFloat16* qkv,
                               const BFloat16* out, const float* log_sum_exp, const BFloat16* dout,
                               BFloat16* dqkv, EarlierSlices earlier, const float* later);

}  // namespace pipetrain
