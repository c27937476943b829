#include "ops/simd/kernels.h"

namespace pipetrain {

#ifdef __x86_64__
namespace sse2 {
extern const SimdKernels kernels;
}
namespace avx2 {
extern const SimdKernels kernels;
}
namespace avx512 {
extern const SimdKernels kernels;
}

const SimdKernels& select_simd_kernels() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return avx512::kernels;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::kernels;
  return sse2::kernels;
}
#else
namespace baseline {
extern const SimdKernels kernels;
}

const SimdKernels& select_simd_kernels() { return baseline::kernels; }
#endif

}  // namespace pipetrain
