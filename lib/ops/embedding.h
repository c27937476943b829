// Table look-up and its gradient. It must not know layers.
#pragma once

#include "ops/ops.h"

namespace pipetrain {

// y (rows, tokens, width) = table (vocabulary, width) at ids (rows, tokens) + positions (tokens,
// width). `positions` may be null.
void embedding_forward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                       const std::int32_t* ids, const float* table, const float* positions,
                       float* y);
// dtable at ids += dy, in row order.
void embedding_backward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                        const std::int32_t* ids, const float* dy, float* dtable);
// dpositions (tokens, width) = sum of dy over rows, or += .
void position_backward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                       const float* dy, float* dpositions, bool accumulate);

}  // namespace pipetrain
