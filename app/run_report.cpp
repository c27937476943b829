#include "run_report.h"

#include <spdlog/spdlog.h>

#include "base/clock.h"
#include "base/error.h"
#include "report/run_page.h"

namespace pipetrain {
namespace {

constexpr double kPauseSeconds = 10;

bool written(const std::string& run_directory, PageUpdates updates) {
  try {
    write_run_report(run_directory, updates);
    return true;
  } catch (const Error& error) {
    spdlog::warn("no report of the run: {}", error.what());
    return false;
  }
}

}  // namespace

void leave_report(const std::string& run_directory) {
  if (written(run_directory, PageUpdates::kNone)) {
    spdlog::info("report: {}/report.html", run_directory);
  }
}

void LiveReport::line_written() {
  if (wall_seconds() - written_ < kPauseSeconds) return;
  const bool first = written_ < 0;
  if (written(run_directory_, PageUpdates::kReload) && first) {
    spdlog::info(
        "live report: {}/report.html; a browser that has it open reads it again every {} s",
        run_directory_, kPauseSeconds);
  }
  written_ = wall_seconds();
}

}  // namespace pipetrain
