#include "comm/clock_offsets.h"

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

namespace {

// What every rank finds, on hosts whose clocks are ahead of the true one by so much.
std::vector<std::vector<double>> offsets(const std::vector<std::string>& hosts,
                                         const std::vector<double>& ahead) {
  const int ranks = static_cast<int>(hosts.size());
  std::vector<std::vector<double>> found(hosts.size());
  InProcess group(ranks, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    const auto collective = group.collective(rank);
    const auto r = static_cast<std::size_t>(rank);
    found[r] = clock_offsets(hosts[r], *collective, [&] { return wall_seconds() + ahead[r]; });
  });
  return found;
}

}  // namespace

TEST_CASE("Ranks of one host share a clock: their offset is exactly zero") {
  for (const auto& found : offsets({"a", "a", "a"}, {0, 0.5, 1})) {
    CHECK(found == std::vector<double>{0, 0, 0});  // nothing is measured
  }
}

TEST_CASE("Another host's clock is found to within half a round trip, the same on every rank") {
  const auto found = offsets({"a", "b", "a", "b", "c"}, {0, 1000, 0, 1000, -7});
  for (const auto& offset : found) {
    CHECK(offset == found[0]);
    CHECK(offset[0] == 0);
    CHECK(offset[2] == 0);
    CHECK(offset[3] == offset[1]);
    CHECK(std::abs(offset[1] - 1000) < 0.1);
    CHECK(std::abs(offset[4] + 7) < 0.1);
  }
}
