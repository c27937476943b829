#include "comm/gathered_sum.h"

#include <cstddef>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

TEST_CASE("A sum that is gathered is that of all ranks, whoever starts it when") {
  constexpr int kRanks = 3;
  std::vector<std::vector<double>> found(kRanks);
  InProcess group(kRanks, {.timeout_seconds = 30, .oversubscribed = true});
  group.run([&](int rank) {
    const auto world = group.collective(rank);
    const auto r = static_cast<std::size_t>(rank);
    GatheredSum sum(*world, {0, r + 1});  // the first entry is everyone's
    std::vector<double> values(5);
    for (int round = 0; round < 2; ++round) {
      values.assign(5, 0);
      values[0] = 0.1 * (rank + 1);
      values[r + 1] = 1.0 / 3 + rank + 10 * round;
      sum.start(values);
      values.assign(5, -1);  // has been read
      sum.take(values);
    }
    found[r] = values;
  });
  for (const std::vector<double>& values : found) {
    CHECK(values == std::vector<double>{0.1 + 0.1 * 2 + 0.1 * 3, 1.0 / 3 + 0 + 10, 1.0 / 3 + 1 + 10,
                                        1.0 / 3 + 2 + 10, 0});
  }
}
