// Table look-up and its gradient; tables are float32. It must not know layers.
#pragma once

#include <cstdint>

#include "ops/activation_ptr.h"
#include "ops/ops.h"

namespace pipetrain {

// The ids whose rows a table has.
struct TableRows {
  std::int64_t first = 0, count = 0;

  bool has(std::int64_t id) const { return id >= first && id - first < count; }
  std::int64_t row(std::int64_t id) const { return id - first; }
};

// y (rows, tokens, width) = table (its count, width) at ids (rows, tokens); 0 for ids that it does
// not have.
void embedding_forward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                       TableRows has, const std::int32_t* ids, const float* table, ActivationPtr y);
// dtable at those ids that it has += dy, in row order.
void embedding_backward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                        TableRows has, const std::int32_t* ids, ConstActivationPtr dy,
                        float* dtable);
// y (rows, tokens, width) += positions (tokens, width)
void add_positions(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                   const float* positions, ActivationPtr y);
// dpositions (tokens, width) = sum of dy over rows, or += .
void position_backward(Ops& ops, std::int64_t rows, std::int64_t tokens, std::int64_t width,
                       ConstActivationPtr dy, float* dpositions, bool accumulate);

}  // namespace pipetrain
