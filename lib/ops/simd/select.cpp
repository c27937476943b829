#include "ops/simd/select.h"

#include <dnnl.hpp>

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

namespace {

// The instruction set of oneDNN that a table belongs to.
unsigned instructions_of(const SimdKernels& kernels) {
  if (&kernels == &avx512bf16::kernels) return dnnl_cpu_isa_avx512_core_bf16;
  if (&kernels == &avx512::kernels) return dnnl_cpu_isa_avx512_core;
  if (&kernels == &avx2::kernels) return dnnl_cpu_isa_avx2;
  return 0;
}

}  // namespace

const SimdKernels& select_simd_kernels() {
  // An instruction set's number has the bits of those that it includes.
  const auto may_use = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  std::vector<const SimdKernels*> tables = runnable_simd_kernels();
  while ((instructions_of(*tables.back()) & ~may_use) != 0) tables.pop_back();
  return *tables.back();
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

const SimdKernels& select_simd_kernels() { return baseline::kernels; }

const RowProductKernels& row_products_of(const SimdKernels&) {
  return baseline::row_product_kernels;
}
#endif

}  // namespace pipetrain
