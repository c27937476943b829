#include "plan/comparison.h"

#include <algorithm>
#include <cstdint>

#include "catch.h"
#include "made_up.h"

using namespace pipetrain;

TEST_CASE("The comparison follows the published formulas") {
  MadeUp made_up{.layers = 4, .batch_rows = 8};
  made_up.parameters = 1000;
  const PlanInputs inputs = made_up.inputs();
  PlanRequest asked = request(4, 1 << 30, 4);
  const PlanResult result = search_plans(inputs, asked);
  REQUIRE(result.configured);
  const auto rows = compare_ways(inputs, 4, *result.configured);  // microbatches of 2 rows
  REQUIRE(rows.size() == 5);
  const std::int64_t parameters = 4000;
  CHECK(rows[0].way == "pipeline");
  CHECK(!rows[0].estimate);
  CHECK(rows[0].sent_bytes == 2 * 8 * kInput);  // a rank between: forward and back, all rows
  CHECK(rows[1].way == "data");
  CHECK(rows[1].sent_bytes == 2 * 3 * parameters);  // three quarters of 4 bytes
  CHECK(rows[2].way == "sharded optimizer");
  CHECK(rows[2].sent_bytes == rows[1].sent_bytes);
  CHECK(rows[1].memory_bytes - rows[2].memory_bytes == 6 * parameters);
  CHECK(rows[3].way == "sharded parameters");
  CHECK(rows[3].sent_bytes == 3 * 3 * parameters);  // one microbatch of 2 rows a replica
  CHECK(rows[4].way == "tensor");
  // Two all-reduces in each of 4 MLPs, over all 8 rows.
  CHECK(rows[4].sent_bytes == 2 * 3 * 2 * 8 * kInput);
  for (const ComparisonRow& row : rows) {
    INFO(row.way);
    CHECK(row.efficiency > 0);
    CHECK(row.efficiency <= 1);
  }
}

TEST_CASE("All rows of the comparison have the precision of its pipeline") {
  PlanInputs inputs = MadeUp{}.inputs();
  inputs.other_forms[{1, DType::kBFloat16}] =
      MadeUp{.seconds = 0.5}.inputs().model;  // twice as fast
  const PlanResult result = search_plans(inputs, request(4, 1 << 30));
  const auto all =
      std::ranges::find_if(result.plans, [](const Plan& p) { return p.candidate.pipeline == 4; });
  REQUIRE(all->candidate.precision == DType::kBFloat16);
  for (const ComparisonRow& row : compare_ways(inputs, 4, *all)) {
    CAPTURE(row.way);
    CHECK(row.precision == DType::kBFloat16);
    CHECK(row.efficiency > 0.5);
    CHECK(row.efficiency <= 1);
  }
}
