#include "schedule/trace/chrome_trace.h"

#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "schedule/trace/example_trace.h"

using namespace pipetrain;
using nlohmann::json;

TEST_CASE("A trace has one named track per rank, actions and waits named") {
  const auto trace = json::parse(example_trace().text());
  int tracks = 0, waits = 0, actions = 0, updates = 0;
  for (const auto& event : trace["traceEvents"]) {
    if (event["name"] == "thread_name") ++tracks;
    if (event["ph"] != "X") continue;
    const std::string name = event["name"];
    if (name.starts_with("wait ")) {
      ++waits;
    } else if (name == "update") {
      ++updates;
    } else if (name != "feed") {
      ++actions;
    }
    if (name == "1F0" && event["args"]["step"] == 8) {
      CHECK(event["ts"] == 101.125e6);
      CHECK(event["dur"] == 1e6);
      CHECK(event["tid"] == 1);
    }
  }
  CHECK(is_own_trace(example_trace().text()));
  CHECK_FALSE(is_own_trace("{\"traceEvents\":["));
  CHECK(tracks == 2);
  CHECK(actions == 2 * 2 * 4 * 3);
  CHECK(waits > 0);
  CHECK(updates == 1);
}
