// A progress bar on the terminal: step, loss, rate and time left. It must not know training.
#pragma once

#include <cstdint>
#include <string>

#include "base/progress_bar.h"

namespace pipetrain {

class Progress {
 public:
  // Draws only if `wanted` and standard error is a terminal, its own or that of the mpirun which
  // passes it on.
  Progress(bool wanted, std::int64_t total_steps, std::string rate_unit);

  bool visible() const { return bar_.visible(); }
  // At most ten times a second, and the last step.
  void draw(std::int64_t step, double loss, double rate, double seconds_left);
  void clear() { bar_.clear(); }  // before anything else is printed

 private:
  ProgressBar bar_;
  std::int64_t total_;
  std::string unit_;
};

// "1:02:03" or "2:03"
std::string clock_text(double seconds);

}  // namespace pipetrain
