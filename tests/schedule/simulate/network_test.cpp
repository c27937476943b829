#include "schedule/simulate/network.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/search/auto_schedule.h"

using namespace pipetrain;

namespace {

// Two hosts; a message of 4 bytes is 1 under way within a host, and 3 + 2 between two.
Network two_hosts() {
  return {.hosts = 2,
          .within = {.latency_seconds = 1},
          .between = {.latency_seconds = 3, .seconds_per_byte = 0.5},
          .has_links = true,
          .message_bytes = 4};
}

Costs with_network(Costs costs, const Network& network) {
  costs.network = std::make_shared<Network>(network);
  return costs;
}

double end_of(const Timeline& timeline, int rank, const std::string& action) {
  for (const Span& span : timeline.ranks[static_cast<std::size_t>(rank)]) {
    if (!span.waiting && text_of(span.action) == action) return span.end;
  }
  FAIL(action);
  return 0;
}

}  // namespace

TEST_CASE("A message's way goes by the hosts of its ranks") {
  const Placement placement = Placement::loop(4, 2);
  const MessageWays ways = ways_of(with_network({}, two_hosts()), placement);
  REQUIRE(ways.up.size() == 9);
  CHECK(ways.up[0].total() == 0);
  CHECK(ways.up[1].total() == 1);
  CHECK(ways.up[2].latency == 3);
  CHECK(ways.up[2].busy == 2);
  CHECK(ways.down[2].total() == 5);
  CHECK(ways.up[4].total() == 5);  // from rank 3 back to rank 0
  CHECK(ways.longest() == 5);
  CHECK(ways.up[2].queue == ways.up[6].queue);
  CHECK(ways.up[4].queue == ways.down[2].queue);  // both leave the second host
  CHECK(ways.up[2].queue != ways.up[4].queue);
  CHECK(ways.up[1].queue != ways.down[1].queue);
  CHECK(ways.shared);
  CHECK_FALSE(ways_of(with_network({}, two_hosts()), Placement::loop(2)).shared);
  const MessageWays free = ways.without_queues();
  CHECK(free.up[2].total() == 5);
  CHECK(free.up[2].queue == -1);
}

TEST_CASE("Pairs of ranks have their links, and those of one name share it") {
  Network network{.has_links = true, .message_bytes = 10, .unit_seconds = 0.5, .text = "links.csv"};
  network.pairs[{0, 1}] = {{.latency_seconds = 1, .seconds_per_byte = 0.1}, "bus"};
  network.pairs[{1, 0}] = {{.latency_seconds = 2}, "bus"};
  network.pairs[{1, 2}] = network.pairs[{2, 1}] = {{.latency_seconds = 3}, ""};
  const MessageWays ways = ways_of(with_network({}, network), Placement::loop(3));
  CHECK(ways.up[1].latency == 2);  // in units of half a second
  CHECK(ways.up[1].busy == 2);
  CHECK(ways.up[1].queue == ways.down[1].queue);
  CHECK(ways.up[2].queue != ways.down[2].queue);
  CHECK(ways.queues == 3);
  CHECK_THROWS_WITH(ways_of(with_network({}, network), Placement::loop(3, 2)),
                    "links.csv: no link from rank 2 to 0, of which one sends to the other; add a "
                    "row");
}

TEST_CASE("Links that are all alike and never full give the step of one message's cost") {
  for (const std::string& name : schedule_names()) {
    for (const int ranks : {2, 4}) {
      const Schedule schedule = generate(name, ranks, default_virtual_stages(name), 2 * ranks);
      const Network network{.within = {.latency_seconds = 0.25}, .has_links = true};
      const Timeline expected = simulate(schedule, equal_costs(schedule, 1, 1, 1, 0.25));
      const Costs linked = with_network(equal_costs(schedule, 1, 1, 1), network);
      CHECK(simulate(schedule, linked).makespan() == expected.makespan());
    }
  }
}

// gpipe on two ranks: forwards of 1 whose messages take 3 each on the link.
TEST_CASE("Messages wait for those before them on a link") {
  const Schedule schedule = generate("gpipe", 2, 1, 3);
  const Network network{.within = {.latency_seconds = 0.5, .seconds_per_byte = 3},
                        .has_links = true,
                        .message_bytes = 1};
  const Timeline timeline =
      simulate(schedule, with_network(equal_costs(schedule, 1, 1, 1), network));
  CHECK(end_of(timeline, 1, "1F0") == 5.5);   // made at 1, sent until 4
  CHECK(end_of(timeline, 1, "1F1") == 8.5);   // made at 2, sent from 4 until 7
  CHECK(end_of(timeline, 1, "1F2") == 11.5);  // made at 3, sent from 7 until 10
}

// Ranks 0 and 1 on one host, 2 and 3 on the other; stage 0 on rank 0, 1 on 2, 2 on 1, 3 on 3.
TEST_CASE("Ranks of a host wait for each other's messages out of it") {
  Network network = two_hosts();
  network.between = {.latency_seconds = 0, .seconds_per_byte = 1};
  const Placement placement = Placement::of({{0}, {2}, {1}, {3}});
  Schedule schedule{placement, 4, std::vector<std::vector<Action>>(4)};
  for (int rank = 0; rank < 4; ++rank) {
    for (int m = 0; m < 4; ++m) {
      schedule.ranks[static_cast<std::size_t>(rank)].push_back(
          {Op::kForward, placement.stages_of(rank).front(), m});
    }
  }
  const Costs costs = with_network(equal_costs(schedule, 1, 0, 0), network);
  const Timeline timeline = simulate(schedule, costs);
  // Out of the first host: 0F0 1 to 5, 0F1 5 to 9, ... until 17, and then those of stage 2, which
  // came back at 10, behind 0F2 and 0F3, which were made before.
  CHECK(end_of(timeline, 2, "1F0") == 6);
  CHECK(end_of(timeline, 2, "1F3") == 18);
  CHECK(end_of(timeline, 1, "2F0") == 11);
  CHECK(end_of(timeline, 3, "3F0") == 22);
  // Alone it would have come at 15.
  network.pairs = {{{0, 2}, {{0, 1}, ""}}, {{2, 1}, {{0, 1}, ""}}, {{1, 3}, {{0, 1}, ""}},
                   {{2, 0}, {{0, 1}, ""}}, {{1, 2}, {{0, 1}, ""}}, {{3, 1}, {{0, 1}, ""}}};
  const Costs alone = with_network(equal_costs(schedule, 1, 0, 0), network);
  CHECK(end_of(simulate(schedule, alone), 3, "3F0") == 16);
}

TEST_CASE("A slow rank takes longer for all that it does") {
  const Schedule schedule = generate("1f1b", 2, 1, 3);
  Costs costs = equal_costs(schedule, 1, 2, 3);
  for (StageCost& stage : costs.stages) stage.recompute = 1;
  const Costs slow = with_network(costs, {.speeds = {1, 0.5}});
  const Costs own = at_rank_speeds(slow, schedule.placement);
  CHECK(own.stages[0].total() == 7);
  CHECK(own.stages[1].total() == 14);
  CHECK(own.network->speeds.empty());
  CHECK(simulate(schedule, slow).makespan() == simulate(schedule, own).makespan());
  CHECK(simulate(schedule, slow).makespan() > simulate(schedule, costs).makespan());
  CHECK_THROWS_WITH(at_rank_speeds(slow, Placement::loop(3)),
                    "--speeds: found the speeds of 2 ranks, expected 3");
}

TEST_CASE("The search weighs links and speeds, and its bound stays below what runs") {
  for (const int v : {1, 2}) {
    const Schedule named = generate(v == 1 ? "1f1b" : "interleaved", 4, v, 8);
    Network network = two_hosts();
    network.between = {.latency_seconds = 0.5, .seconds_per_byte = 0.01};
    network.within = {.latency_seconds = 0.05};
    network.speeds = {1, 1, 0.5, 1};
    const Costs costs = with_network(equal_costs(named, 1, 1, 1), network);
    const Schedule found = auto_schedule(4, 8, costs);
    const double makespan = simulate(found, costs).makespan();
    CHECK(least_makespan(4, 8, costs) <= makespan);
    CHECK(makespan < simulate(named, costs).makespan());
  }
}
