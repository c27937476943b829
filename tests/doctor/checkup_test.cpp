#include "doctor/checkup.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A checkup is the same after its way as JSON") {
  const Checkup rank{.host = "node7",
                     .processor = "EPYC",
                     .instructions = "AVX2",
                     .mpi = "Open MPI v4.1.4",
                     .cores = 3,
                     .sharing = 2,
                     .threads = 4,
                     .host_cores = 64,
                     .quota = 2.5,
                     .free_memory_bytes = 1LL << 40,
                     .open_files = -1,
                     .locked_memory_bytes = 65536,
                     .sees_directory = true,
                     .directory_problem = "no space",
                     .product_flops = 1.5e11,
                     .processor_share = 0.75,
                     .bandwidth = 2.25e10,
                     .clock_ahead_seconds = -0.125,
                     .next = {.latency_seconds = 1e-6, .bytes_per_second = 3e9}};
  const nlohmann::ordered_json json = json_of(rank);
  CHECK(json_of(checkup_of(nlohmann::json::parse(json.dump()))) == json);
  CHECK(json.at("quota") == 2.5);
  CHECK(json.at("next_bytes_per_second") == 3e9);
  CHECK(json.size() == 20);
}
