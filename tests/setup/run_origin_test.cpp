#include "setup/run_origin.h"

#include <string>
#include <vector>

#include "catch.h"
#include "data/formats/formats.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace run_origin_test {

namespace {

RunOrigin origin_of(const Config& config, const World& world = {0, {{"a"}}}) {
  const auto source = open_source(config.data, 4, 1, 100);
  return run_origin(config, *source, world, "pipetrain 1", "pipetrain --config x");
}

}  // namespace

TEST_CASE("A run comes from a program, a command, its hosts and the files of its data") {
  const TemporaryFolder folder;
  Config config;
  config.data.path = {folder.write("a.txt", "123456789"), folder.write("b.txt", "a text of b")};
  config.data.validation_fraction = 0.4;
  const RunOrigin origin = origin_of(config, {0, {{"a"}, {"b"}, {"a"}}});
  CHECK(origin.program == "pipetrain 1");
  CHECK(origin.command == "pipetrain --config x");
  CHECK(origin.hosts == 2);
  REQUIRE(origin.files.size() == 2);
  CHECK(origin.files[0].path == folder.path("a.txt"));
  CHECK(origin.files[0].bytes == 9);
  CHECK(origin.files[0].digest == "cbf43926");
  CHECK(origin.training == 12);
  CHECK(origin.all == 20);
  CHECK(origin.date.empty());
}

TEST_CASE("Data without files have none") {
  Config config;
  config.data.format = "synthetic";
  const RunOrigin origin = origin_of(config);
  CHECK(origin.files.empty());
  CHECK(origin.all == 0);
}

TEST_CASE("The date is in UTC, to the second") {
  const std::string date = utc_date();
  REQUIRE(date.size() == 20);
  CHECK(date.starts_with("20"));
  CHECK(date[10] == 'T');
  CHECK(date.back() == 'Z');
}

}  // namespace run_origin_test
