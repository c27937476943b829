// The one way a rank waits: poll, then sleep in short naps, never for ever.
// It must not know what is waited for, nor by what means it comes.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace pipetrain {

struct WaitOptions {
  double timeout_seconds = 600;  // communication.timeout_seconds
  bool oversubscribed = false;   // ranks outnumber cores: sleep at once rather than spin
  // Shorter naps find a message sooner and take more of the cores.
  std::chrono::microseconds longest_nap{100};
};

// Returns once done() is true. Past the time limit: Error(kTimeout) "rank 1 waited 600 s for
// <what()>; ...". Time in which this process itself was stopped does not count, so that a suspended
// job can go on.
void wait_until(const std::function<bool()>& done, const WaitOptions& options, int rank,
                const std::function<std::string()>& what);

}  // namespace pipetrain
