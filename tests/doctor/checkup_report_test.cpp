#include "doctor/checkup_report.h"

#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

const std::vector<Checkup>& two_ranks() {
  static const std::vector<Checkup> ranks = {
      {.host = "a-very-long-name-of-a-host-7",
       .processor = "EPYC",
       .instructions = "AVX2",
       .mpi = "Open MPI v4.1.4",
       .cores = 8,
       .threads = 4,
       .host_cores = 16,
       .free_memory_bytes = 8LL << 30,
       .open_files = -1,
       .locked_memory_bytes = 65536,
       .product_flops = 1.234e11,
       .bandwidth = 2.5e10,
       .next = {.latency_seconds = 1.5e-6, .bytes_per_second = 3.25e9}},
      {.host = "b", .mpi = "Open MPI v4.1.4", .host_cores = 1, .open_files = 1024}};
  return ranks;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("The table has a line for each rank and one for each host") {
  const std::string text = checkup_text(two_ranks(), {});
  CHECK(has(text,
            "a-very-long-name-of-a-host-7: EPYC (16 cores), AVX2, Open MPI v4.1.4, open files "
            "any, locked memory 64.0 KiB"));
  CHECK(has(text, "b: processor without a name (1 core)"));
  CHECK(has(text, "\n   0  a-very-..-host-7     8       4      123.4     25.00"));
  CHECK(has(text, "1.5 us    3.25\n"));
  CHECK(has(text, "Nothing was found that will hurt a run.\n"));
}

TEST_CASE("Findings stand below the table, and in JSON") {
  const std::vector<Finding> findings = {{"clocks", "they differ", "set them"}};
  CHECK(has(checkup_text(two_ranks(), findings), "\nclocks: they differ\n  set them\n"));
  CHECK_FALSE(has(checkup_text(two_ranks(), findings), "Nothing was found"));
  const auto json = checkup_json(two_ranks(), findings);
  CHECK(json.at("ranks").size() == 2);
  CHECK(json.at("ranks")[0].at("cores") == 8);
  CHECK(json.at("findings")[0].at("cure") == "set them");
}
