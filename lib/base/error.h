// The one exception type of pipetrain: what was found, what was expected, what to do.
// It must not know who prints it; app/ turns it into one line on standard error and an exit code.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace pipetrain {

enum class ExitCode : int {
  kDone = 0,
  kConfiguration = 2,
  kData = 3,
  kCheckpoint = 4,
  kNotFinite = 5,
  kTimeout = 6,
  kStopped = 75,
};

class Error : public std::runtime_error {
 public:
  // `detail` is what is shown below the one line, such as a table with the wrong cell marked.
  Error(ExitCode code, const std::string& message, std::string detail = {})
      : std::runtime_error(message), code_(code), detail_(std::move(detail)) {}
  ExitCode code() const { return code_; }
  const std::string& detail() const { return detail_; }

 private:
  ExitCode code_;
  std::string detail_;
};

// "<file>: <reason of errno>", for a failed system call; with what file systems of clusters mean
// by it.
std::string system_reason(const std::string& file);

}  // namespace pipetrain
