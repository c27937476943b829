#include "ops/peak.h"

#include "catch.h"
#include "ops/bfloat16_products.h"

using namespace pipetrain;

TEST_CASE("The peak is that of the processor, and none of bfloat16 without its instructions") {
  MemoryPool pool;
  Ops ops(pool);
  const double peak = measure_peak_flops(ops, DType::kFloat32, 0.001);
  CHECK(peak > 1e8);
  CHECK(peak < 1e14);
  CHECK((measure_peak_flops(ops, DType::kBFloat16, 0.001) > 0) == multiplies_bfloat16());
  CHECK(pool.used_bytes() == 0);
}
