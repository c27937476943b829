// A progress bar on the terminal: step, loss, rate and time left. It must not know training.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace pipetrain {

class Progress {
 public:
  // Draws only if `wanted` and standard error is a terminal, its own or that of the mpirun which
  // passes it on.
  Progress(bool wanted, std::int64_t total_steps, std::string rate_unit);
  ~Progress() { clear(); }

  bool visible() const { return visible_; }
  // At most ten times a second, and the last step.
  void draw(std::int64_t step, double loss, double rate, double seconds_left);
  void clear();  // before anything else is printed

 private:
  bool visible_;
  std::int64_t total_;
  std::string unit_;
  std::chrono::steady_clock::time_point drawn_;
};

// "1:02:03" or "2:03"
std::string clock_text(double seconds);

}  // namespace pipetrain
