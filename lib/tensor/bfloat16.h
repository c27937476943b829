// An entry of a bfloat16 tensor: the upper half of a float32. It must not know how it is rounded;
// the kernels do (ops/simd/vector.h).
#pragma once

#include <cstdint>

namespace pipetrain {

struct BFloat16 {
  std::uint16_t bits;
};

// Two neighbours, the first in the lower half: what is multiplied and added in one instruction.
struct BFloat16Pair {
  std::uint32_t bits;
};

}  // namespace pipetrain
