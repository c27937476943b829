#include "report/run_page.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

TEST_CASE("a run's page is one file that holds its data and says how it is kept up to date") {
  const TemporaryFolder folder;
  folder.write("metrics.jsonl", "{\"step\":1,\"loss\":2.25}\n");
  folder.write("run.json",
               "{\"format\":1,\"outcome\":\"done\",\"command\":\"</script><b>hostile</b>\"}");
  write_run_report(folder.path(""), {.updates = PageUpdates::kReload});
  std::ifstream file(folder.path("report.html"));
  const std::string page(std::istreambuf_iterator<char>(file), {});
  CHECK(contains(page, "2.25", "\"updates\":\"reload\""));
  CHECK_FALSE(contains(page, "<b>hostile"));
  CHECK(page.size() < 2'000'000);
  CHECK(is_report_page(page.substr(0, 1000)));
  CHECK_FALSE(is_report_page("<!DOCTYPE html><title>mine</title>"));
  CHECK_FALSE(std::filesystem::exists(folder.path("report.html.part")));
}

TEST_CASE("a page that a run writes when it is asked to stop says no more than that") {
  const TemporaryFolder folder;
  const auto says_stopping = [&] {
    write_run_report(folder.path(""), {.stopping = true});
    std::ifstream file(folder.path("report.html"));
    const std::string page(std::istreambuf_iterator<char>(file), {});
    return contains(page, "\"state\":\"stopping\"");
  };
  folder.write("run.json", R"({"format":1,"outcome":"running"})");
  folder.write(".lock", "");
  const int held = ::open(folder.path(".lock").c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(::flock(held, LOCK_EX) == 0);
  CHECK(says_stopping());
  folder.write("run.json", R"({"format":1,"outcome":"done"})");
  CHECK_FALSE(says_stopping());
  ::close(held);
}

TEST_CASE("runs of one name are told apart by their folders") {
  const TemporaryFolder folder;
  for (const char* name : {"a", "b"}) {
    std::filesystem::create_directories(folder.path(name) + "/run");
    folder.write(std::string(name) + "/run/metrics.jsonl", "{\"step\":1}\n");
  }
  const auto data = report_data({folder.path("a/run"), folder.path("b/run")}, PageUpdates::kNone);
  CHECK(data["runs"][0]["name"] == folder.path("a/run"));
  CHECK(data["runs"][1]["name"] == folder.path("b/run"));
  CHECK(report_data({folder.path("a/run")}, PageUpdates::kNone)["runs"][0]["name"] == "run");
}

TEST_CASE("a page that cannot be written leaves nothing behind") {
  const TemporaryFolder folder;
  folder.write("metrics.jsonl", "{\"step\":1}\n");
  std::filesystem::create_directory(folder.path("report.html"));
  CHECK_THROWS_AS(write_run_report(folder.path(""), {}), Error);
  CHECK_FALSE(std::filesystem::exists(folder.path("report.html.part")));
}
