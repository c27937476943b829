#include "base/kept_log.h"

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("a run's log is kept from its first line on, behind what is there") {
  const auto before = spdlog::default_logger();
  std::ostringstream shown;
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(shown)));
  const auto path =
      std::filesystem::temp_directory_path() / ("pipetrain_kept_log_" + std::to_string(::getpid()));
  std::ofstream(path) << "an earlier start\n";

  hold_log();
  hold_log();  // once is enough
  spdlog::info("before the folder is known");
  REQUIRE(keep_log_in(path.string()));
  spdlog::warn("after that");
  CHECK_FALSE(keep_log_in((path / "below" / "a file").string()));
  spdlog::set_default_logger(before);

  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  std::filesystem::remove(path);
  CHECK(text.starts_with("an earlier start\n20"));
  CHECK(text.find(" info before the folder is known\n") != std::string::npos);
  CHECK(text.ends_with(" warning after that\n"));
  CHECK(text.find("before", text.find("before") + 1) == std::string::npos);
  CHECK(shown.str().find("after that") != std::string::npos);
}
