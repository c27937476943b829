// An environment that says nothing of threads, as long as this lives.
#pragma once

#include <stdlib.h>

#include <optional>
#include <string>

namespace pipetrain {

class UnsetThreads {
 public:
  UnsetThreads() {
    if (const char* value = getenv("OMP_NUM_THREADS")) before_ = value;
    unsetenv("OMP_NUM_THREADS");
  }
  ~UnsetThreads() {
    unsetenv("OMP_NUM_THREADS");
    if (before_) setenv("OMP_NUM_THREADS", before_->c_str(), 1);
  }
  UnsetThreads(const UnsetThreads&) = delete;
  UnsetThreads& operator=(const UnsetThreads&) = delete;

 private:
  std::optional<std::string> before_;
};

}  // namespace pipetrain
