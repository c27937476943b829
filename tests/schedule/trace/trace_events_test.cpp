#include "schedule/trace/trace_events.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "schedule/generate/generate.h"
#include "schedule/simulate/simulate.h"

using namespace pipetrain;
using trace::Json;

namespace {

Timeline simulated(const std::string& name, int ranks, int microbatches) {
  const Schedule schedule = generate(name, ranks, default_virtual_stages(name), microbatches);
  return simulate(schedule, equal_costs(schedule, 1, 1, 1, 0.5));
}

}  // namespace

TEST_CASE("Each message between two ranks has an arrow with two ends; none stays on a rank") {
  std::int64_t next_id = 5;
  // Three borders, forwards and gradients.
  CHECK(trace::flow_events(simulated("1f1b", 4, 6), next_id).size() == 2 * 2 * 3 * 6);
  CHECK(next_id == 5 + 2 * 3 * 6);
  // A V turns on the last rank: of seven borders one lies within it.
  CHECK(trace::flow_events(simulated("zbv", 4, 4), next_id).size() == 2 * 2 * 6 * 4);
}

TEST_CASE("An arrow leaves within the span that makes the result, for the start of the next one") {
  const Timeline timeline = simulated("gpipe", 2, 2);
  std::int64_t next_id = 0;
  std::map<std::int64_t, std::pair<Json, Json>> arrows;
  for (const Json& event : trace::flow_events(timeline, next_id)) {
    auto& ends = arrows[event.at("id").get<std::int64_t>()];
    (event.at("ph") == "s" ? ends.first : ends.second) = event;
  }
  REQUIRE(arrows.size() == 4);
  const auto within = [&](const Json& event) {
    const double time = event.at("ts").get<double>();
    return std::ranges::any_of(
        timeline.ranks[event.at("tid").get<std::size_t>()], [&](const Span& span) {
          return !span.waiting && span.start * 1e6 <= time && time < span.end * 1e6;
        });
  };
  for (const auto& [id, ends] : arrows) {
    CHECK(within(ends.first));
    CHECK(within(ends.second));
    CHECK(ends.second.at("ts") > ends.first.at("ts"));
    CHECK(ends.second.at("bp") == "e");
    CHECK(ends.first.at("tid") != ends.second.at("tid"));
  }
}

TEST_CASE("Replicas have arrows of their own") {
  Timeline both = simulated("1f1b", 2, 3);
  const Timeline one = both;
  both.ranks.insert(both.ranks.end(), one.ranks.begin(), one.ranks.end());
  std::int64_t next_id = 0;
  for (const Json& event : trace::flow_events(both, next_id)) {
    const bool first = event.at("id").get<int>() % 2 == 0;  // in pairs, the first one first
    CHECK((event.at("tid").get<int>() < 2) == first);
  }
  CHECK(next_id == 2 * 2 * 3);
}

TEST_CASE("Counters rise with F, fall with W, and meet the simulator's peak") {
  for (const std::string name : {"gpipe", "zbv"}) {
    const Timeline timeline = simulated(name, 4, 8);
    std::map<std::string, double> peak, last;
    for (const Json& event : trace::counter_events(timeline)) {
      const std::string track = event.at("name");
      last[track] = event.at("args").at("value").get<double>();
      peak[track] = std::max(peak[track], last[track]);
    }
    REQUIRE(peak.size() == 4);
    for (int rank = 0; rank < 4; ++rank) {
      const std::string track = "live microbatches, rank " + std::to_string(rank);
      CHECK(peak[track] == timeline.peak_live_microbatches[static_cast<std::size_t>(rank)]);
      CHECK(last[track] == 0);
    }
  }
}

TEST_CASE("What tensors take is counted after each action of a measured step, and not of another") {
  const Span first{{Op::kForward, 0, 0}, false, 0, 1, 1, 512};
  const Span wait{{Op::kBackward, 0, 0}, true, 1, 2, 0, 640};
  const Span last{{Op::kBackward, 0, 0}, false, 2, 3, 1, 256};
  std::vector<std::pair<double, int>> seen;
  for (const Json& event : trace::counter_events({{{first, wait, last}}, {}})) {
    if (event.at("name") != "tensor bytes, rank 0") continue;
    seen.emplace_back(event.at("ts").get<double>(), event.at("args").at("value").get<int>());
  }
  CHECK(seen == std::vector<std::pair<double, int>>{{1e6, 512}, {3e6, 256}});
  for (const Json& event : trace::counter_events(simulated("1f1b", 2, 2))) {
    CHECK(event.at("name").get<std::string>().starts_with("live microbatches"));
  }
}
