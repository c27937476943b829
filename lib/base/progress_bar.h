// A bar on the terminal that shows how much of some work is done. It must not know which work.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace pipetrain {

class ProgressBar {
 public:
  // Draws only if `wanted` and standard error is a terminal, its own or that of the mpirun which
  // passes it on.
  explicit ProgressBar(bool wanted);
  ~ProgressBar() { clear(); }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  bool visible() const { return visible_; }
  // At most ten times a second, and when all is done. `text` makes what stands behind the bar.
  void draw(std::int64_t done, std::int64_t all, const std::function<std::string()>& text);
  void clear();  // before anything else is printed

 private:
  bool visible_;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace pipetrain
