// An entry of a bfloat16 tensor: the upper half of a float32. It must not know how it is rounded;
// the kernels do (ops/simd/vector.h).
#pragma once

#include <cstdint>

namespace pipetrain {

struct BFloat16 {
  std::uint16_t bits;
};

}  // namespace pipetrain
