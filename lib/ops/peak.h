// The best rates that this rank's threads reach: of a matrix product, which a training step's
// efficiency is measured against, and of moving bytes between memory and processor.
#pragma once

#include <cstddef>

#include "ops/matrix.h"
#include "ops/ops.h"

namespace pipetrain {

// FLOP per second of the best of several shapes, each run for about `seconds`; 0 for bfloat16
// without such instructions.
double measure_peak_flops(Ops& ops, DType dtype, double seconds = 0.15);

// Bytes per second of the better of a copy and a sum of two arrays (McCalpin's STREAM, 1995: copy,
// add in place), each of `array_bytes`, for about `seconds` each. Bytes are those that the program
// reads and writes.
double measure_bandwidth(Ops& ops, std::size_t array_bytes, double seconds = 0.3);
// Reads all of these numbers, and adds them up so that it must. The threads share them.
void read_all(Ops& ops, ConstMatrix data);
// So large that two of them fit into no cache.
std::size_t bandwidth_array_bytes();

}  // namespace pipetrain
