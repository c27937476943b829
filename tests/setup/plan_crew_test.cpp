// Those who measure for planning: threads that stand for ranks, or ranks.
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "catch.h"
#include "comm/in_process.h"
#include "setup/plan_measure.h"

using namespace pipetrain;

namespace plan_crew_test {

TEST_CASE("Threads measure at the same time, and the mean is what each finds") {
  ThreadCrew crew(3, 1);
  std::atomic<int> there = 0, firsts = 0, missed = 0;
  const std::vector<double> mean = crew.mean([&](const auto& together, bool first) {
    const int mine = ++there;
    together();
    if (there != 3) ++missed;
    if (first) ++firsts;
    return std::vector<double>{1.0 * mine, 6};
  });
  CHECK(missed == 0);
  CHECK(firsts == 1);
  REQUIRE(mean.size() == 2);
  CHECK(mean[0] == Approx(2));
  CHECK(mean[1] == Approx(6));
  CHECK(crew.agreed(0.5) == 0.5);
}

TEST_CASE("One that fails does not keep the others waiting, and its error comes out") {
  ThreadCrew crew(3, 1);
  CHECK_THROWS_AS(crew.mean([](const auto& together, bool first) {
    if (first) throw std::runtime_error("lost");
    together();
    return std::vector<double>{1};
  }),
                  std::runtime_error);
}

TEST_CASE("As many threads measure at once as the cores could run of the ranks") {
  const auto crew_of = [](int cores, int ranks, int asked) {
    MachineProfile machine;
    thread_crew(cores, ranks, {.threads = asked}).describe(machine, 64);
    return std::vector{machine.copies, machine.threads};
  };
  CHECK(crew_of(4, 2, 0) == std::vector{2, 2});
  CHECK(crew_of(2, 3, 0) == std::vector{2, 1});
  CHECK(crew_of(4, 2, 1) == std::vector{2, 1});  // no more than ranks
  CHECK(crew_of(2, 2, 3) == std::vector{1, 3});
}

TEST_CASE("Threads say how many they are, and estimate what a message takes") {
  ThreadCrew crew(2, 1);
  MachineProfile machine;
  crew.describe(machine, 1 << 16);
  CHECK(machine.copies == 2);
  CHECK(machine.threads == 1);
  CHECK(!machine.real_messages);
  CHECK(machine.message_latency_seconds > 0);
  CHECK(machine.message_bytes_per_second > 1e6);
}

TEST_CASE("Ranks find the same mean, agree on rank 0's number and time real messages") {
  InProcess group(3, {.timeout_seconds = 30, .oversubscribed = true});
  std::vector<std::vector<double>> means(3);
  std::vector<double> agreed(3);
  std::vector<MachineProfile> machines(3);
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    const auto world = group.collective(rank);
    const RankPlace crowded{.host = "here", .cores = 1, .sharing = 2};
    const World places{rank, {crowded, crowded, crowded}};
    RankCrew crew(*world, *mailbox, pool, places);
    const auto r = static_cast<std::size_t>(rank);
    means[r] = crew.mean([&](const auto& together, bool first) {
      together();
      return std::vector<double>{1.0 * rank, first ? 1.0 : 0.0};
    });
    agreed[r] = crew.agreed(10 + rank);
    crew.describe(machines[r], 1 << 16);
  });
  for (std::size_t r = 0; r < 3; ++r) {
    CHECK(means[r] == std::vector<double>{1, 1});
    CHECK(agreed[r] == 10);
    CHECK(machines[r].copies == 3);
    CHECK(machines[r].cores_per_rank == 0.5);
    CHECK(machines[r].real_messages);
    CHECK(machines[r].message_latency_seconds == machines[0].message_latency_seconds);
    CHECK(machines[r].message_bytes_per_second == machines[0].message_bytes_per_second);
  }
  CHECK(machines[0].message_latency_seconds > 0);
}

TEST_CASE("Where ranks are on several hosts, links within one and between two are timed") {
  InProcess group(3, {.timeout_seconds = 30, .oversubscribed = true});
  std::vector<std::shared_ptr<const Network>> found(3), alone(3);
  group.run([&](int rank) {
    MemoryPool pool;
    const auto mailbox = group.mailbox(rank, pool);
    const auto world = group.collective(rank);
    const auto r = static_cast<std::size_t>(rank);
    const World apart{rank, {{.host = "a"}, {.host = "b"}, {.host = "b"}}};
    found[r] = RankCrew(*world, *mailbox, pool, apart).links(1 << 16);
    const World together{rank, {{.host = "a"}, {.host = "a"}, {.host = "a"}}};
    alone[r] = RankCrew(*world, *mailbox, pool, together).links(1 << 16);
  });
  for (std::size_t r = 0; r < 3; ++r) {
    CHECK(alone[r] == nullptr);
    REQUIRE(found[r]);
    CHECK(found[r]->all_ranks == 3);
    CHECK(found[r]->pairs.size() == 6);
    CHECK(found[r]->pairs.at({2, 0}).name == "out of b");
    CHECK(found[r]->pairs.at({2, 1}).name.empty());
    CHECK(found[r]->pairs.at({2, 1}).rate.latency_seconds > 0);
    CHECK(found[r]->text == found[0]->text);
  }
}

}  // namespace plan_crew_test
