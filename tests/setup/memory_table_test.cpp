#include "setup/memory_table.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace memory_table_test {

TEST_CASE("memory is one table, a row a rank, without what no rank has") {
  const std::int64_t mib = 1 << 20;
  std::vector<RankMemory> memory(2);
  memory[0] = {
      .weights = 10 * mib, .gradients = 10 * mib, .moments = 20 * mib, .activations = 4 * mib};
  memory[1] = {.weights = 1 * mib, .gradients = 1 * mib, .moments = 2 * mib, .evaluation = mib / 4};
  CHECK(memory_table(memory) ==
        std::vector<std::string>{
            "memory foreseen for each pipeline rank, in MiB",
            "rank     total   weights  gradients   moments  activations  evaluation",
            "   0     44.00     10.00      10.00     20.00         4.00        0.00",
            "   1      4.25      1.00       1.00      2.00         0.00        0.25"});
}

TEST_CASE("of many ranks the table has the eight fullest") {
  std::vector<RankMemory> memory(64);
  for (std::size_t rank = 0; rank < 64; ++rank)
    memory[rank].weights = 1024 * (rank % 8 == 3 ? 2 : 1);
  const std::vector<std::string> lines = memory_table(memory);
  REQUIRE(lines.size() == 10);
  CHECK(lines[0] == "memory foreseen for each pipeline rank, in KiB; the 8 fullest of 64");
  CHECK(lines[2] == "   3      2.00      2.00");
  CHECK(lines[9] == "  59      2.00      2.00");
}

}  // namespace memory_table_test
