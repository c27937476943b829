#include "ops/simd/select.h"

#include <cstdlib>
#include <string>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("The chosen table is the best that this processor runs and oneDNN may use") {
  const char* const most = std::getenv("ONEDNN_MAX_CPU_ISA");
  const std::string name = select_simd_kernels().name;
  if (most == nullptr) {
    CHECK(runnable_simd_kernels().back() == &select_simd_kernels());
  } else if (std::string(most) == "SSE41" || std::string(most) == "AVX") {
    CHECK((name == "sse2" || name == "baseline"));
  } else if (std::string(most) == "AVX2") {
    CHECK((name == "sse2" || name == "avx2" || name == "baseline"));
  }
}

TEST_CASE("Tables have their instruction set's name, the one that every processor runs first") {
  std::string names;
  for (const SimdKernels* kernels : runnable_simd_kernels()) {
    names += std::string(kernels->name) + " ";
  }
#ifdef __x86_64__
  CHECK(std::string("sse2 avx2 avx512 avx512bf16 ").substr(0, names.size()) == names);
#else
  CHECK(names == "baseline ");
#endif
}
