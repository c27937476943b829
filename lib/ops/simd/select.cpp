#include "ops/simd/select.h"

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
namespace avx512bf16 {
extern const SimdKernels kernels;
}

std::vector<const SimdKernels*> runnable_simd_kernels() {
  std::vector<const SimdKernels*> tables = {&sse2::kernels};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    tables.push_back(&avx2::kernels);
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    tables.push_back(&avx512::kernels);
    if (__builtin_cpu_supports("avx512bf16")) tables.push_back(&avx512bf16::kernels);
  }
  return tables;
}
#else
namespace baseline {
extern const SimdKernels kernels;
}

std::vector<const SimdKernels*> runnable_simd_kernels() { return {&baseline::kernels}; }
#endif

const SimdKernels& select_simd_kernels() { return *runnable_simd_kernels().back(); }

}  // namespace pipetrain
