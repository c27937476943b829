// The page that a training run leaves in its run directory: when it is written, and what is said of
// it. It must not know what is on it.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "report/run_page.h"

namespace pipetrain {

class RunReport {
 public:
  // Where `in_place` says that the run directory is gone, or another run's, nothing is written.
  RunReport(std::string run_directory, std::function<bool()> in_place)
      : run_directory_(std::move(run_directory)), in_place_(std::move(in_place)) {}

  // The run has ended, or failed: writes report.html and says where it is. What is wrong is a
  // warning, since the run itself is whole.
  void leave();
  // While the run goes on: writes it again, at most every ten seconds, and says so once.
  void line_written();
  // From now on it is also written once somebody asks the run to stop: mpirun does so a second
  // before it kills what is left of a job that has lost a rank. A thread of its own waits for that,
  // since a rank that waits for a lost one does nothing else. leave() writes over it.
  void watch_stop();

 private:
  bool write(const PageOptions& options);
  void await_stop(const std::stop_token& end);

  std::string run_directory_;
  std::function<bool()> in_place_;
  double written_ = -1e9;  // while the run goes on, by wall_seconds()
  std::mutex writing_;     // of the file, and of left_
  bool left_ = false;
  std::condition_variable_any end_;
  std::jthread stop_watch_;  // the last member: it ends before the others
};

}  // namespace pipetrain
