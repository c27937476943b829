// Reading back what chrome_trace.cpp writes.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.h"
#include "catch.h"
#include "schedule/trace/example_trace.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

// The error of reading the example after `change`.
std::string refusal(const std::function<void(json&)>& change) {
  json trace = json::parse(example_trace().text());
  change(trace);
  try {
    parse_chrome_trace(trace.dump(), "run/trace.json");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kData);
    return error.what();
  }
  return "none";
}

// The first action's event.
json& action_of(json& trace) {
  for (json& event : trace["traceEvents"]) {
    if (event["name"] == "0F0") return event;
  }
  throw std::logic_error("no action");
}

void check_same(double found, double expected) { CHECK(std::abs(found - expected) < 1e-9); }

}  // namespace

TEST_CASE("A trace read back holds the same steps") {
  for (const auto& [name, virtual_stages] : {std::pair{"1f1b", 1}, {"zbv", 2}}) {
    INFO(name);
    const Schedule schedule = generate(name, 2, virtual_stages, 4);
    const Timeline timeline = simulate(schedule, equal_costs(schedule, 1, 1.25, 0.5, 0.125));
    const auto steps = parse_chrome_trace(example_trace(name, virtual_stages).text(), "trace.json");
    REQUIRE(steps.size() == 2);
    CHECK(steps[0].step == 7);
    CHECK(steps[1].step == 8);
    for (const double offset : {0, 100}) {
      const Timeline& read = steps[offset > 0 ? 1 : 0].timeline;
      CHECK(read.peak_live_microbatches == timeline.peak_live_microbatches);
      REQUIRE(read.ranks.size() == 2);
      for (std::size_t rank = 0; rank < 2; ++rank) {
        REQUIRE(read.ranks[rank].size() == timeline.ranks[rank].size());
        for (std::size_t i = 0; i < read.ranks[rank].size(); ++i) {
          const Span &found = read.ranks[rank][i], &expected = timeline.ranks[rank][i];
          CHECK(found.action == expected.action);
          CHECK(found.waiting == expected.waiting);
          check_same(found.start, expected.start + offset);
          check_same(found.end, expected.end + offset);
          check_same(found.cpu, offset > 0 ? 0.25 : 0);
        }
      }
    }
    REQUIRE(steps[1].other_work[0].size() == 2);
    CHECK(steps[1].other_work[0][1].name == "update");
    check_same(steps[1].other_work[0][1].end, 151.5);
    CHECK(steps[1].other_work[1].empty());
  }
}

TEST_CASE("What is no trace of a run is refused in one line that says why") {
  const auto says = [](const std::string& error, const std::string& part) {
    INFO(error);
    CHECK(error.starts_with("run/trace.json "));
    CHECK(error.find(part) != std::string::npos);
    CHECK(error.find('\n') == std::string::npos);
    CHECK(error.size() < 200);
  };
  for (const std::string text : {"", "{", "[1, 2", "\xff", "nonsense"}) {
    try {
      parse_chrome_trace(text, "run/trace.json");
      FAIL("accepted " << text);
    } catch (const Error& error) {
      says(error.what(), "is not JSON, or was cut short");
    }
  }
  says(refusal([](json& t) { t.erase("otherData"); }), "is not a trace that pipetrain wrote");
  says(refusal([](json& t) { t = t["traceEvents"]; }), "is not a trace that pipetrain wrote");
  says(refusal([](json& t) { t["otherData"]["program"] = 3; }), "is not a trace that pipetrain");
  says(refusal([](json& t) { t["traceEvents"] = "x"; }), "is not a trace that pipetrain wrote");
  says(refusal([](json& t) { t["traceEvents"] = json::array(); }), "holds no step");
  says(refusal([](json& t) { t["traceEvents"][3] = 5; }), "event 3 has no ph");
  for (const char* key : {"name", "ts", "dur", "tid", "args"}) {
    says(refusal([&](json& t) { action_of(t).erase(key); }), std::string("has no ") + key);
  }
  says(refusal([](json& t) { action_of(t)["args"].erase("step"); }), "has no step");
  says(refusal([](json& t) { action_of(t)["args"].erase("cpu_us"); }), "has no cpu_us");
  says(refusal([](json& t) { action_of(t)["dur"] = -1; }), "has a dur that cannot be: -1");
  says(refusal([](json& t) { action_of(t)["ts"] = 1e300; }), "has a ts that cannot be: 1e+300");
  says(refusal([](json& t) { action_of(t)["ts"] = json::array({std::string(999, 'x')}); }),
       "has a ts that cannot be: [\"x");
  says(refusal([](json& t) { action_of(t)["tid"] = 1'000'000'000; }), "has a tid that cannot be");
  says(refusal([](json& t) { action_of(t)["tid"] = 18446744073709551615u; }), "has a tid");
  says(refusal([](json& t) { action_of(t)["tid"] = 0.5; }), "has a tid that cannot be: 0.5");
  says(refusal([](json& t) { action_of(t)["tid"] = 50; }), "lacks some rank's part");
  says(refusal([](json& t) { action_of(t)["name"] = "7F99999"; }), "is 7F99999 among");
  says(refusal([](json& t) { action_of(t)["name"] = "wait long"; }), "waits for no action");
  says(refusal([](json& t) { action_of(t)["name"] = 7; }), "has a name that is no text");
}

TEST_CASE("Spans are put in order of start, and other processes' events are passed over") {
  json trace = json::parse(example_trace().text());
  json& events = trace["traceEvents"];
  std::reverse(events.begin(), events.end());
  events.push_back({{"ph", "C"}, {"name", "counter"}});
  const auto steps = parse_chrome_trace(trace.dump(), "trace.json");
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].step == 7);
  for (const TracedStep& step : steps) {
    for (const auto& spans : step.timeline.ranks) {
      CHECK(std::ranges::is_sorted(spans, {}, &Span::start));
    }
  }
}

TEST_CASE("A trace is read from a file, and what is none is refused by its path") {
  const auto path = std::filesystem::temp_directory_path() /
                    ("pipetrain-trace-" + std::to_string(getpid()) + ".json");
  std::ofstream(path) << example_trace().text();
  CHECK(read_chrome_trace(path).size() == 2);
  std::filesystem::remove(path);
  for (const auto& [name, reason] :
       {std::pair<std::string, std::string>{path, "cannot read " + path.string()},
        {"/", "/ is not a regular file; expected a trace"}}) {
    try {
      read_chrome_trace(name);
      FAIL("read " << name);
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kConfiguration);
      CHECK(std::string(error.what()).starts_with(reason));
    }
  }
}
