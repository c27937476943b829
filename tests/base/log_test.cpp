#include "base/log.h"

#include <memory>
#include <string>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

// spdlog's loggers are the process's own: this one is taken away again.
struct Loggers {
  ~Loggers() {
    spdlog::drop("pipetrain");
    spdlog::set_default_logger(before);
  }
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
};

}  // namespace

TEST_CASE("The default logger is ours and lets through what the level says") {
  const Loggers loggers;
  set_up_log("warning");
  CHECK(spdlog::default_logger()->name() == "pipetrain");
  CHECK(spdlog::should_log(spdlog::level::warn));
  CHECK(!spdlog::should_log(spdlog::level::info));
}

TEST_CASE("A log may be off, but not at a level that is none") {
  const Loggers loggers;
  try {
    set_up_log("loud");
    FAIL("taken");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    CHECK(contains(error.what(), "'loud'", "trace, debug, info, warning, error, off"));
  }
  CHECK(spdlog::default_logger() == loggers.before);
  set_up_log("off");
  CHECK(!spdlog::should_log(spdlog::level::critical));
}
