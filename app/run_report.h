// The page that a training run leaves in its run directory: when it is written, and what is said of
// it. It must not know what is on it.
#pragma once

#include <string>
#include <utility>

namespace pipetrain {

// Writes report.html and says where it is; what is wrong is a warning, since the run itself is
// whole.
void leave_report(const std::string& run_directory);

// Writes it again while the run goes on, at most every ten seconds, and says nothing if all is
// well.
class LiveReport {
 public:
  explicit LiveReport(std::string run_directory) : run_directory_(std::move(run_directory)) {}
  void line_written();

 private:
  std::string run_directory_;
  double written_ = -1e9;  // by wall_seconds()
};

}  // namespace pipetrain
