#include "schedule/chrome_trace.h"

#include <nlohmann/json.hpp>

#include "catch.h"
#include "schedule/generate.h"
#include "schedule/simulate.h"

using namespace pipetrain;

TEST_CASE("A trace has one named track per rank, actions and waits named") {
  const Schedule schedule = generate("1f1b", 2, 1, 2);
  const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1, 1));
  ChromeTrace trace("predicted");
  trace.add(timeline, 7, 0);
  trace.add(timeline, 8, 100);
  const auto json = nlohmann::json::parse(trace.text());
  int tracks = 0, waits = 0, actions = 0;
  for (const auto& event : json["traceEvents"]) {
    if (event["name"] == "thread_name") ++tracks;
    if (event["ph"] != "X") continue;
    const std::string name = event["name"];
    if (name.starts_with("wait ")) {
      ++waits;
    } else {
      ++actions;
    }
    if (name == "1F0" && event["args"]["step"] == 8) {
      CHECK(event["ts"] == 101e6);
      CHECK(event["dur"] == 1e6);
      CHECK(event["tid"] == 1);
    }
  }
  CHECK(tracks == 2);
  CHECK(actions == 2 * 2 * 2 * 3);
  CHECK(waits > 0);
}
