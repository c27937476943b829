#include "ops/simd/select.h"

#include "ops/simd/row_products.h"

namespace pipetrain {

#ifdef __x86_64__
namespace sse2 {
extern const SimdKernels kernels;
extern const RowProductKernels row_product_kernels;
}  // namespace sse2
namespace avx2 {
extern const SimdKernels kernels;
extern const RowProductKernels row_product_kernels;
}  // namespace avx2
namespace avx512 {
extern const SimdKernels kernels;
extern const RowProductKernels row_product_kernels;
}  // namespace avx512
namespace avx512bf16 {
extern const SimdKernels kernels;
extern const RowProductKernels row_product_kernels;
}  // namespace avx512bf16

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

const RowProductKernels& row_products_of(const SimdKernels& kernels) {
  if (&kernels == &avx512bf16::kernels) return avx512bf16::row_product_kernels;
  if (&kernels == &avx512::kernels) return avx512::row_product_kernels;
  if (&kernels == &avx2::kernels) return avx2::row_product_kernels;
  return sse2::row_product_kernels;
}
#else
namespace baseline {
extern const SimdKernels kernels;
extern const RowProductKernels row_product_kernels;
}  // namespace baseline

std::vector<const SimdKernels*> runnable_simd_kernels() { return {&baseline::kernels}; }

const RowProductKernels& row_products_of(const SimdKernels&) {
  return baseline::row_product_kernels;
}
#endif

const SimdKernels& select_simd_kernels() { return *runnable_simd_kernels().back(); }

}  // namespace pipetrain
