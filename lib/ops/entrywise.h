// Sums and copies, entry by entry. They must not know layers.
#pragma once

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// to += from, which is of the same kind or float32
void add(Ops& ops, Matrix to, ConstMatrix from);
void copy(Ops& ops, ConstMatrix from, Matrix to);
// to = from, or += : a gradient that was made apart.
void store(Ops& ops, Matrix to, ConstMatrix from, bool accumulate);
// to = x + y, all of one kind
void sum(Ops& ops, ConstMatrix x, ConstMatrix y, Matrix to);
bool all_finite(Ops& ops, ConstMatrix x);

}  // namespace pipetrain
