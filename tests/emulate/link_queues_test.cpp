#include "emulate/link_queues.h"

#include <cstddef>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"

using namespace pipetrain;

TEST_CASE("All ranks queue for the same links") {
  constexpr int kRanks = 3, kMessages = 100;
  InProcess group(kRanks, {.timeout_seconds = 60, .oversubscribed = true});
  std::vector<double> ends(kRanks);
  group.run([&](int rank) {
    const auto collective = group.collective(rank);
    LinkQueues queues(2, *collective);
    if (rank == 0) CHECK(queues.take(1, 5, 2) == 7);
    for (int i = 0; i < kMessages; ++i) queues.take(0, 10, 1);
    collective->barrier();
    ends[static_cast<std::size_t>(rank)] = queues.take(rank == 0 ? 1 : 0, 6, 0);
  });
  CHECK(ends == std::vector<double>{7, 10 + kRanks * kMessages, 10 + kRanks * kMessages});
}
