#include "plan/report.h"

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "made_up.h"

using namespace pipetrain;

namespace {

// A result of 14 plans of gpipe, from the fastest on, and one of 1f1b, which is the configured one.
struct Example {
  PlanInputs inputs = MadeUp{.layers = 3, .batch_rows = 2}.inputs();
  PlanRequest request{.ranks = 2, .memory_bytes = 1 << 20};
  PlanResult result;
  std::vector<ComparisonRow> comparison;

  Example() {
    inputs.machine.measure_seconds = 1.25;
    for (int i = 0; i < 14; ++i) result.plans.push_back(plan("gpipe", i + 1, 1.0 + i));
    result.plans.push_back(plan("1f1b", 4, 99));
    result.configured = result.plans.back();
    result.candidates = 20;
    result.beyond_memory = 3;
    result.slower = 2;
    ComparisonRow row;
    row.way = "pipeline";
    row.precision = result.plans.front().candidate.precision;
    row.estimate = false;
    row.step_seconds = 1;
    row.efficiency = 0.875;
    comparison = {row, row};
    comparison[1].way = "data";
    comparison[1].estimate = true;
  }
  static Plan plan(const std::string& schedule, int microbatches, double step) {
    Plan made;
    made.candidate = {.pipeline = 2, .schedule = schedule, .microbatches = microbatches};
    made.step_seconds = step;
    made.bubble_fraction = 0.125;
    made.memory_bytes = 1 << 19;
    made.first_layers = {0, 2};
    made.sent_bytes = 77;
    return made;
  }
  std::string text() const { return plan_text({inputs, request, result, comparison}); }
  nlohmann::ordered_json json() const { return plan_json({inputs, request, result, comparison}); }
};

// The lines that begin with `start`, spaces left out.
std::vector<std::string> words_of_lines(const std::string& text, const std::string& start) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string joined;
    for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
    if (joined.starts_with(start)) found.push_back(joined);
  }
  return found;
}

}  // namespace

TEST_CASE("The table has the ten best plans, and the best of each other schedule with its place") {
  const std::string text = Example().text();
  using Lines = std::vector<std::string>;
  CHECK(words_of_lines(text, "1 ") ==
        Lines{"1 gpipe 1 1 2 1 1 none none float32 1 s 12.5% 512.0 KiB"});
  CHECK(words_of_lines(text, "10 ").size() == 1);
  CHECK(words_of_lines(text, "11 ").empty());
  // In the table, and as what is configured.
  CHECK(words_of_lines(text, "15 ") ==
        Lines(2, "15 1f1b 1 1 2 1 4 none none float32 99 s 12.5% 512.0 KiB"));
}

TEST_CASE("Slices stand behind a schedule's name, and the best of each number is in the table") {
  Example example;
  CHECK(!contains(example.text(), "pipeline.slices"));
  example.result.plans[13].candidate.slices = 4;
  const std::string text = example.text();
  CHECK(words_of_lines(text, "14 ").size() == 1);
  CHECK(words_of_lines(text, "14 gpipe /4 1 1 2 1 14 ").size() == 1);
  CHECK(contains(text, "\n    /N: with pipeline.slices N\n"));
  CHECK(example.json()["plans"][13]["slices"] == 4);
  CHECK(example.json()["plans"][0]["slices"] == 1);
}

TEST_CASE("The text says what was measured, what was left out, why, and what is by formula") {
  Example example;
  CHECK(contains(example.text(),
                 "measured in 1.2 s: 3 layers at 1, 2 rows a microbatch, by 1 rank at once with 1 "
                 "thread each\n",
                 "of 20 candidates 3 do not fit into 1.00 MiB a rank and 2 are left out as slower",
                 "as configured:\n", "estimated by copying in memory", "* estimated by formula"));
  CHECK(words_of_lines(example.text(), "gpipe with M=1: ").size() == 1);
  CHECK(words_of_lines(example.text(), "pipeline 0").size() == 1);
  CHECK(words_of_lines(example.text(), "data * ").size() == 1);
  CHECK(!contains(example.text(), "not looked at"));
  example.result.not_reached = 5;
  example.result.configured->memory_bytes = (1 << 20) + 1;
  example.inputs.machine.real_messages = true;
  CHECK(contains(example.text(), "; 5 less promising ones were not looked at\n",
                 "as configured, which does not fit:\n", "measured between ranks 0 and 1"));
  CHECK(!contains(example.text(), "steps overlap"));
  example.inputs.versions = 2;
  CHECK(contains(example.text(), "delay     1: steps overlap"));
  example.result.configured.reset();
  CHECK(!contains(example.text(), "as configured"));
}

TEST_CASE("The JSON has all plans with their figures, and what they rest on") {
  Example example;
  const auto json = example.json();
  CHECK(json["ranks"] == 2);
  CHECK(json["memory_limit_bytes"] == 1 << 20);
  REQUIRE(json["plans"].size() == 15);
  const auto& first = json["plans"][0];
  CHECK(first["schedule"] == "gpipe");
  CHECK(first["pipeline"] == 2);
  CHECK(first["recompute"] == "none");
  CHECK(first["shard"] == "none");
  CHECK(first["precision"] == "float32");
  CHECK(first["step_seconds"] == 1.0);
  CHECK(first["first_layers"] == std::vector<int>{0, 2});
  CHECK(first["sent_bytes"] == 77);
  CHECK(json["configured"]["schedule"] == "1f1b");
  CHECK(json["beyond_memory"] == 3);
  CHECK(json["comparison"][1]["estimate"] == true);
  CHECK(json["comparison"][0]["efficiency"] == 0.875);
  CHECK(json["measured"]["microbatch_sizes"].size() == 2);
  CHECK(json["measured"]["microbatch_sizes"][1]["layers"][2]["layer"] == "layers.2.mlp");
  CHECK(json["measured"]["messages"] == "estimated");
  example.result.configured.reset();
  CHECK(example.json()["configured"].is_null());
}
