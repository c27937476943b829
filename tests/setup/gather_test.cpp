#include "setup/gather.h"

#include <cstddef>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace gather_test {

TEST_CASE("Each rank's figures are known to all, by figure and then by rank") {
  InProcess group(3);
  std::vector<std::vector<std::vector<double>>> found(3);
  group.run([&](int rank) {
    const auto collective = group.collective(rank);
    found[static_cast<std::size_t>(rank)] = gather({1.0 * rank, 0.25, -1.0 * rank}, *collective);
  });
  for (const auto& lists : found) {
    CHECK(lists == std::vector<std::vector<double>>{{0, 1, 2}, {0.25, 0.25, 0.25}, {0, -1, -2}});
  }
}

}  // namespace gather_test
