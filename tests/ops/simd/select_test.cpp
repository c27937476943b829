#include "catch.h"
#include "tables.h"

using namespace pipetrain;

TEST_CASE("The chosen table is the best that this processor runs") {
  CHECK(runnable_simd_kernels().back() == &select_simd_kernels());
}
