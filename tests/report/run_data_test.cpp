#include "report/run_data.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;
using Json = nlohmann::ordered_json;

namespace {

void refused(const TemporaryFolder& folder, ExitCode code, const std::string& pattern) {
  try {
    run_data(folder.path(""));
    FAIL("nothing was wrong; expected " + pattern);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    CHECK(contains(error.what(), pattern));
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
  }
}

}  // namespace

TEST_CASE("what a run directory has is read, and what it lacks is empty") {
  const TemporaryFolder folder;
  folder.write("metrics.jsonl", "{\"step\":1,\"loss\":2}\n{\"step\":2,");
  Json data = run_data(folder.path(""));
  CHECK(data["state"] == "ended");
  CHECK(data["record"].is_null());
  CHECK(data["step"].is_null());
  CHECK(data["metrics"]["cut_short"] == true);
  CHECK(data["checkpoints"].empty());

  folder.write("run.json", "{\"format\":1,\"outcome\":\"done\",\"command\":\"<x>\"}");
  folder.write("config.yaml", "model:\n  preset: gpt\noptimizer:\n  betas: [0.9, 0.99]\n");
  folder.write("run.log", "a line\n");
  data = run_data(folder.path("") + "/");
  CHECK(data["state"] == "done");
  CHECK(data["record"]["command"] == "<x>");
  CHECK(data["settings"] == Json::array({Json::array({"model.preset", "gpt"}),
                                         Json::array({"optimizer.betas", "[0.9, 0.99]"})}));
  CHECK(data["log"] == "a line\n");
}

TEST_CASE("a run is running while it holds its lock, and else has failed or is lost") {
  const TemporaryFolder folder;
  folder.write("run.json", "{\"format\":1,\"outcome\":\"running\"}");
  const std::string stamp = run_data_stamp(folder.path(""));
  CHECK(run_data(folder.path(""))["state"] == "lost");
  const int lock = ::open(folder.write(".lock", "").c_str(), O_RDWR);
  REQUIRE(::flock(lock, LOCK_EX) == 0);
  CHECK(run_data(folder.path(""))["state"] == "running");
  CHECK(run_data_stamp(folder.path("")) != stamp);
  ::close(lock);
  CHECK(run_data_stamp(folder.path("")) == stamp);
  folder.write("error.txt", "a rank said this\n");
  CHECK(run_data(folder.path(""))["state"] == "failed");
  CHECK(run_data_stamp(folder.path("")) != stamp);
}

TEST_CASE("what is no run directory, damaged or of a newer program is refused in one line") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(run_data(folder.path("nowhere")), Error);
  refused(folder, ExitCode::kConfiguration, "is no run directory");
  folder.write("run.json", "{\"format\":1,\"outc");
  refused(folder, ExitCode::kData, "run.json is damaged");
  folder.write("run.json", "{\"outcome\":\"done\"}");
  refused(folder, ExitCode::kData, "it has no format");
  folder.write("run.json", "{\"format\":2}");
  refused(folder, ExitCode::kData, "of a newer pipetrain");
  folder.write("run.json", "{\"format\":1}");
  folder.write("metrics.jsonl", "{\"step\":1}\nhalf a li\n{\"step\":2}\n");
  refused(folder, ExitCode::kData, "metrics.jsonl:2");
  folder.write("metrics.jsonl", "{\"step\":1}\n");
  folder.write("last_step.json", "{\"traceEv");
  refused(folder, ExitCode::kData, "last_step.json is not JSON");
}
