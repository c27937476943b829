#include "ops/peak.h"

#include <cstddef>

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

TEST_CASE("Bandwidth is that of a memory, and its arrays are larger than any cache") {
  MemoryPool pool;
  Ops ops(pool);
  const double bandwidth = measure_bandwidth(ops, std::size_t{1} << 20, 0.001);
  CHECK(bandwidth > 1e7);
  CHECK(bandwidth < 1e14);
  CHECK(pool.used_bytes() == 0);
  CHECK(bandwidth_array_bytes() >= std::size_t{64} << 20);
}
