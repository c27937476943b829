// Which tables of vector kernels this processor runs. Apart from kernels.h, which every instruction
// set compiles, because it needs the standard library.
#pragma once

#include <vector>

#include "ops/simd/kernels.h"

namespace pipetrain {

// Worst first; the last one that oneDNN may use, too, is select_simd_kernels(): ONEDNN_MAX_CPU_ISA
// stands for all.
std::vector<const SimdKernels*> runnable_simd_kernels();

}  // namespace pipetrain
