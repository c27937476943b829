#include "run_report.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>

#include "base/clock.h"
#include "base/stop_request.h"

namespace pipetrain {
namespace {

constexpr double kPauseSeconds = 10;
constexpr std::chrono::milliseconds kLook(100);

}  // namespace

bool RunReport::write(const PageOptions& options) {
  if (!in_place_()) return false;
  try {
    write_run_report(run_directory_, options);
    return true;
  } catch (const std::exception& error) {
    spdlog::warn("no report of the run: {}", error.what());
    return false;
  }
}

void RunReport::leave() {
  const std::lock_guard<std::mutex> lock(writing_);
  left_ = true;
  if (write({})) spdlog::info("report: {}/report.html", run_directory_);
}

void RunReport::line_written() {
  if (wall_seconds() - written_ < kPauseSeconds) return;
  const std::lock_guard<std::mutex> lock(writing_);
  const bool first = written_ < 0;
  if (write({.updates = PageUpdates::kReload}) && first) {
    spdlog::info(
        "live report: {}/report.html; a browser that has it open reads it again every {} s",
        run_directory_, kPauseSeconds);
  }
  written_ = wall_seconds();
}

void RunReport::watch_stop() {
  stop_watch_ = std::jthread([this](const std::stop_token& end) { await_stop(end); });
}

void RunReport::await_stop(const std::stop_token& end) {
  std::unique_lock<std::mutex> lock(writing_);
  while (!end.stop_requested() && !stop_requested()) {
    end_.wait_for(lock, end, kLook, [] { return false; });
  }
  if (!end.stop_requested() && !left_) write({.stopping = true});
}

}  // namespace pipetrain
