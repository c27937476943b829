// Sums and copies, entry by entry. They must not know layers.
#pragma once

#include <cstdint>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// to += from, which is of the same kind or float32
void add(Ops& ops, Matrix to, ConstMatrix from);
void copy(Ops& ops, ConstMatrix from, Matrix to);
// to = from, or += : a gradient that was made apart.
void store(Ops& ops, Matrix to, ConstMatrix from, bool accumulate);
void multiply(Ops& ops, Matrix x, float factor);  // x *= factor
// Some columns of a matrix, from `first` on.
template <class M>
struct ColumnsOf {
  M matrix;
  std::int64_t first;
};
// `count` of them, in as many rows of each, of one kind.
void copy_columns(Ops& ops, const ColumnsOf<ConstMatrix>& from, const ColumnsOf<Matrix>& to,
                  std::int64_t count);
bool all_finite(Ops& ops, ConstMatrix x);

}  // namespace pipetrain
