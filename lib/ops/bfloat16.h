// Tensors in bfloat16. Conversions round to nearest, of two to the even one. It must
// not know layers.
#pragma once

#include <cstdint>

#include "ops/ops.h"

namespace pipetrain {

// n entries of one kind as the other.
void widen(Ops& ops, std::int64_t n, const BFloat16* from, float* to);
void round(Ops& ops, std::int64_t n, const float* from, BFloat16* to);

// x as a tensor of this kind: itself if it is one, else a copy.
Tensor converted(Ops& ops, Tensor x, DType dtype);

}  // namespace pipetrain
