// Which tables of vector kernels this processor runs. Apart from kernels.h, which every instruction
// set compiles, because it needs the standard library.
#pragma once

#include <vector>

#include "ops/simd/kernels.h"

namespace pipetrain {

// Worst first; the last one is select_simd_kernels().
std::vector<const SimdKernels*> runnable_simd_kernels();

}  // namespace pipetrain
