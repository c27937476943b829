#include "report/step_drawing.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "schedule/generate/generate.h"
#include "schedule/lower.h"
#include "schedule/simulate/simulate.h"
#include "schedule/trace/chrome_trace.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;

namespace {

std::string traced(const TemporaryFolder& folder, int ranks) {
  const Schedule schedule = split_backward(generate("1f1b", ranks, 1, 4));
  TracedStep step{7, simulate(schedule, {std::vector<StageCost>(ranks, {1, 1, 1}), 0}), {}};
  step.other_work.resize(static_cast<std::size_t>(ranks));
  step.other_work[0].push_back({"update", 100, 101});
  ChromeTrace trace("a <test>");
  trace.add(step);
  return folder.write("trace.json", trace.text());
}

}  // namespace

TEST_CASE("a traced step is drawn above what is predicted for it") {
  const TemporaryFolder folder;
  const Json drawing = step_drawing(traced(folder, 2), 1000);
  CHECK(drawing["step"] == 7);
  CHECK(drawing["unit"] == "s");
  CHECK(drawing["note"] == "");
  REQUIRE(drawing["drawings"].size() == 2);
  for (const Json& each : drawing["drawings"]) {
    REQUIRE(each["ranks"].size() == 2);
    CHECK(each["ranks"][0][0] == Json{"F", 0, 0, 0.0, 1.0});
    int computed = 0;
    for (const Json& span : each["ranks"][1]) computed += span[0] == "wait" ? 0 : 1;
    CHECK(computed == 3 * 4);
  }
  CHECK(drawing["drawings"][0]["ranks"][0].back() == Json{"update", -1, -1, 100.0, 101.0});
}

TEST_CASE("of too many spans the first ranks are drawn, and it is said") {
  const TemporaryFolder folder;
  const Json drawing = step_drawing(traced(folder, 4), 30);
  CHECK(drawing["drawings"][0]["ranks"].size() < 4);
  CHECK(contains(drawing["note"].get<std::string>(), "of 4 ranks"));
}

TEST_CASE("what is no trace is refused by name") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(step_drawing(folder.write("trace.json", "{}"), 10), Error);
}
