#include "emulate/emulator.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "comm/agree.h"
#include "comm/in_process.h"
#include "emulate/on_threads.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/network.h"

using namespace pipetrain;

namespace {

// A mailbox's wait and the stages that it tells apart, as they were asked for.
struct Linked {
  WaitOptions wait;
  StageNumbers stages;
};

}  // namespace

TEST_CASE("Each schedule has a mailbox of its own, whose time limit goes by the schedule") {
  constexpr int kRanks = 2;
  const Schedule schedule = generate("interleaved", kRanks, 2, 4);
  const Costs costs = equal_costs(schedule, 0.002, 0.002, 0.002);
  std::vector<std::vector<Linked>> linked(kRanks);
  std::vector<nlohmann::ordered_json> found(kRanks);
  InProcess group(kRanks, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    const auto at = static_cast<std::size_t>(rank);
    MemoryPool pool;
    EmulationLinks links = links_on_threads(group, rank, pool);
    links.mailbox = [&, mailbox = links.mailbox](const WaitOptions& wait, StageNumbers stages) {
      linked[at].push_back({wait, stages});
      return mailbox(wait, stages);
    };
    Emulator emulator(links, "host" + std::to_string(rank), /*oversubscribed=*/true, {.steps = 3});
    CHECK(emulator.measure_messages(64) > 0);
    found[at] = emulator.run("mine", schedule, costs);
  });
  for (const std::vector<Linked>& rank : linked) {
    REQUIRE(rank.size() == 2);
    CHECK(rank[0].stages.count == 1);
    CHECK(rank[0].wait.timeout_seconds == 600);
    CHECK(rank[1].stages.count == 2);
    CHECK(rank[1].wait.timeout_seconds == 600 + simulate(schedule, costs).makespan());
    for (const Linked& each : rank) {
      CHECK(each.wait.oversubscribed);
      CHECK(each.wait.longest_nap == std::chrono::microseconds(50));
    }
  }
  CHECK(found[0] == found[1]);
  CHECK(found[0]["schedule"] == "mine");
  CHECK(found[0]["message_bytes"] == 64);
  CHECK(found[0]["step_seconds"].size() == 3);
}

TEST_CASE("A schedule is refused for the last microbatch of its last stage, if it has any") {
  MemoryPool pool;
  std::vector<Message> named;
  const Emulator emulator({.pool = pool,
                           .mailbox = {},
                           .collective = {},
                           .check_name =
                               [&](const Message& message, StageNumbers stages) {
                                 named.push_back(message);
                                 CHECK(stages.dealt_to == 2);
                                 CHECK(stages.count == 3);
                               }},
                          "here", false, {.steps = 1});
  emulator.check_microbatches({});
  CHECK(named.empty());
  emulator.check_microbatches(generate("interleaved", 2, 3, 4));
  REQUIRE(named.size() == 1);
  CHECK(named[0].stage == 5);
  CHECK(named[0].microbatch == 3);
}

TEST_CASE("Messages take as long as the links let them, on one host alone") {
  constexpr int kRanks = 2;
  constexpr std::int64_t kBytes = 1 << 20;
  const Schedule schedule = generate("1f1b", kRanks, 1, 4);
  Costs costs = equal_costs(schedule, 0.002, 0.002, 0.002);
  costs.network = std::make_shared<Network>(Network{
      .within = {.latency_seconds = 0.004, .seconds_per_byte = 0.003 / static_cast<double>(kBytes)},
      .has_links = true,
      .speeds = {1, 0.5},
      .message_bytes = static_cast<double>(kBytes),
      .text = "slow"});
  std::vector<nlohmann::ordered_json> found(kRanks);
  InProcess group(kRanks, {.timeout_seconds = 60, .oversubscribed = true});
  group.run([&](int rank) {
    MemoryPool pool;
    Emulator here(links_on_threads(group, rank, pool), "here", /*oversubscribed=*/true,
                  {.steps = 3});
    here.measure_messages(kBytes);
    found[static_cast<std::size_t>(rank)] = here.run("mine", schedule, costs);
    Emulator apart(links_on_threads(group, rank, pool), "host" + std::to_string(rank), true,
                   {.steps = 1});
    CHECK_THROWS_AS(apart.run("mine", schedule, costs), CommonFailure);
  });
  const double seconds = simulate(schedule, costs).makespan();
  CHECK(seconds > 0.04);  // rank 1 is busy for 48 ms
  CHECK(found[0]["simulated_seconds"] == seconds);
  CHECK(found[0]["measured_seconds"] >= 0.999 * seconds);
  CHECK(found[0]["message_bytes"] == kBytes);
  CHECK(found[0]["links"] == "slow");
  CHECK(found[0]["speeds"] == std::vector<double>{1, 0.5});
  CHECK(found[0]["rank_costs_ms"][1][0] == Approx(4));
}
