// Table look-up and its gradient; tables are float32, but one that is only looked up may be
// bfloat16. It must not know layers.
#pragma once

#include <cstdint>
#include <span>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// The ids whose rows a table has.
struct TableRows {
  std::int64_t first = 0, count = 0;

  bool has(std::int64_t id) const { return id >= first && id - first < count; }
  std::int64_t row(std::int64_t id) const { return id - first; }
};

// y (tokens, width) = table (its count, width) at ids (tokens); 0 for ids that it does not have.
void embedding_forward(Ops& ops, TableRows has, const std::int32_t* ids, ConstMatrix table,
                       Matrix y);
// The same of float32, where y stays as it is for ids that the table does not have.
void write_rows(Ops& ops, TableRows has, const std::int32_t* ids, ConstMatrix table, Matrix y);
// dtable at those ids that it has += dy, in row order.
void embedding_backward(Ops& ops, TableRows has, const std::int32_t* ids, ConstMatrix dy,
                        float* dtable);
// Rows of a table, each named once, one behind the other (count, width).
void pick_rows(Ops& ops, std::span<const std::int32_t> rows, ConstMatrix table, Matrix picked);
// Those rows of a table += those of another, or += what was picked of it.
void add_rows(Ops& ops, std::span<const std::int32_t> rows, ConstMatrix from, Matrix table);
void add_picked(Ops& ops, std::span<const std::int32_t> rows, ConstMatrix picked, Matrix table);
// y (rows, tokens, width) += positions (tokens, width), which are float32. `document_starts`, if
// given, has for each row and token the place in its row that takes the first position.
void add_positions(Ops& ops, ConstMatrix positions, Matrix y,
                   const std::int32_t* document_starts = nullptr);
// dpositions (tokens, width) = sum of dy (rows, tokens, width) over rows, or += .
void position_backward(Ops& ops, ConstMatrix dy, Matrix dpositions, bool accumulate,
                       const std::int32_t* document_starts = nullptr);

}  // namespace pipetrain
