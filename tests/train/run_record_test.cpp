#include "train/run_record.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace run_record_test {
using Json = nlohmann::ordered_json;

namespace {

Json record_of(const TemporaryFolder& folder) {
  std::ifstream file(folder.path("run.json"));
  return Json::parse(file);
}

}  // namespace

TEST_CASE("a record says how each start of a run began and ended") {
  const TemporaryFolder folder;
  const std::string path = folder.path("");
  CHECK(record_failure(path, 3, "before any start"));
  CHECK_FALSE(std::filesystem::exists(folder.path("run.json")));

  RunRecord first(path);
  first.begin({{"command", "one"}, {"model", {{"layers", 3}}}});
  CHECK(record_of(folder)["outcome"] == "running");
  CHECK(record_of(folder)["ended"].is_null());
  CHECK(record_failure(path, 6, "no <message> came"));
  CHECK(record_failure(path, 2, "a second one"));  // the first is what ended it
  CHECK(record_of(folder)["error"] == "no <message> came");

  RunRecord second(path);
  second.begin({{"command", "two"}});
  REQUIRE(second.end("done", {{"steps", 7}}));
  const Json record = record_of(folder);
  CHECK(record["format"] == RunRecord::kFormat);
  CHECK(record["outcome"] == "done");
  CHECK(record["figures"]["steps"] == 7);
  CHECK_FALSE(record.contains("error"));
  REQUIRE(record["earlier"].size() == 1);
  CHECK(record["earlier"][0]["command"] == "one");
  CHECK(record["earlier"][0]["exit_code"] == 6);
  CHECK_FALSE(record["earlier"][0].contains("model"));
  CHECK(record_failure(path, 5, "later"));
  CHECK(record_of(folder)["outcome"] == "done");
}

TEST_CASE("a damaged record is no reason not to start") {
  const TemporaryFolder folder;
  folder.write("run.json", "{\"earlier\": [1,");
  RunRecord(folder.path("")).begin(Json::object());
  CHECK(record_of(folder)["earlier"].empty());
  RunRecord nowhere(folder.path("none"));
  CHECK_THROWS_AS(nowhere.begin(Json::object()), Error);
}

}  // namespace run_record_test
