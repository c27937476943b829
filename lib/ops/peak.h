// The best rate of a matrix product that this rank's threads reach: what a training step's
// efficiency is measured against.
#pragma once

#include "ops/ops.h"

namespace pipetrain {

// FLOP per second of the best of several shapes, each run for about `seconds`; 0 for bfloat16
// without such instructions.
double measure_peak_flops(Ops& ops, DType dtype, double seconds = 0.15);

}  // namespace pipetrain
