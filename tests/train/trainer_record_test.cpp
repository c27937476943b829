#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.h"
#include "schedule/trace/chrome_trace.h"
#include "training_run.h"

using namespace pipetrain;

namespace trainer_record_test {
using Json = nlohmann::json;

namespace {

Json record_of(const Config& config) {
  std::ifstream file(config.train.output + "/run.json");
  return Json::parse(file);
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

TEST_CASE("A run leaves what it was, what its last step did and what it came to") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  const Config config = small_run(at, 6);
  REQUIRE(run_training(config, source, 2).done);
  const Json record = record_of(config);
  CHECK(record["outcome"] == "done");
  CHECK(record["first_step"] == 0);
  CHECK(record["data_is"] == "fixed rows");
  CHECK(record["figures"]["steps"] == 6);
  REQUIRE(record["figures"]["ranks"].size() == 2);
  for (const Json& rank : record["figures"]["ranks"]) {
    CHECK(rank["times"]["forward"] > 0);
    CHECK(rank["times"]["update"] > 0);
    CHECK(rank["resident_bytes"] > rank["tensor_bytes"]);
  }
  const auto steps = read_chrome_trace(config.train.output + "/last_step.json");
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].step == 6);
  CHECK(steps[0].timeline.ranks.size() == 2);
  CHECK(contains(text_of(config.train.output + "/run.log"), "info data: fixed rows",
                 "info step      6  loss "));
}

TEST_CASE(
    "A run that goes on keeps what is said of its earlier starts, one begun anew sets it aside") {
  const FixedSource source = FixedSource::counting(8, 4, 13);
  const TemporaryFolder at;
  Config config = small_run(at, 3);
  config.train.keep_checkpoints = 9;
  REQUIRE(run_training(config, source, 1).done);
  config.train.steps = 5;
  TrainerOptions resumed;
  resumed.resume_from = config.train.output + "/checkpoints/step-00000003";
  REQUIRE(run_training(config, source, 1, resumed).done);
  const Json record = record_of(config);
  CHECK(record["first_step"] == 3);
  REQUIRE(record["earlier"].size() == 1);
  CHECK(record["earlier"][0]["outcome"] == "done");
  CHECK(contains(text_of(config.train.output + "/run.log"), "step      3  loss",
                 "step      5  loss"));

  REQUIRE(run_training(config, source, 1).done);
  CHECK(record_of(config)["earlier"].empty());
  for (const char* name : {"run.2.json", "run.2.log", "last_step.2.json"}) {
    INFO(name);
    CHECK(std::filesystem::exists(config.train.output + "/set-aside/" + name));
  }
}

}  // namespace trainer_record_test
