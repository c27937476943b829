// Sums and copies over n entries. They must not know layers.
#pragma once

#include <cstdint>

#include "ops/activation_ptr.h"
#include "ops/ops.h"

namespace pipetrain {

// to += from, which is of the same kind or float32
void add(Ops& ops, std::int64_t n, ActivationPtr to, ConstActivationPtr from);
void copy(Ops& ops, std::int64_t n, ConstActivationPtr from, ActivationPtr to);
// to = from, or += : a gradient that was made apart.
void store(Ops& ops, std::int64_t n, float* to, const float* from, bool accumulate);
// to = x + y
void sum(Ops& ops, std::int64_t n, const float* x, const float* y, float* to);
bool all_finite(Ops& ops, std::int64_t n, ConstActivationPtr x);

}  // namespace pipetrain
