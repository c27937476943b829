#include "comm/wait.h"

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/error.h"

namespace pipetrain {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

// A message that comes within the spin costs no wake-up, which on a virtual machine takes as long
// as a small layer; one that comes later finds the core given away. Where ranks have a core each,
// nobody else needs it meanwhile.
constexpr microseconds kSpin{2000};
constexpr microseconds kSpinOversubscribed{2};
constexpr microseconds kFirstNap{20};
// A longer gap between two polls means that this process did not run.
constexpr std::chrono::seconds kLongestGap{1};

[[noreturn]] void throw_timeout(int rank, double seconds, const std::string& what) {
  char waited[32];
  std::snprintf(waited, sizeof waited, "%.3g", seconds);
  throw Error(ExitCode::kTimeout,
              "rank " + std::to_string(rank) + " waited " + waited + " s for " + what +
                  "; expected within communication.timeout_seconds; see whether that rank is "
                  "stopped, slow or unreachable, or raise the limit");
}

}  // namespace

void wait_until(const std::function<bool()>& done, const WaitOptions& options, int rank,
                const std::function<std::string()>& what) {
  if (done()) return;
  const std::chrono::duration<double> limit(options.timeout_seconds);
  const Clock::duration spin = options.oversubscribed ? kSpinOversubscribed : kSpin;
  Clock::duration waited{0};
  microseconds nap{0};
  for (Clock::time_point last = Clock::now(); !done();) {
    const Clock::time_point now = Clock::now();
    waited += std::min<Clock::duration>(now - last, kLongestGap);
    last = now;
    if (waited > limit) {
      throw_timeout(rank, std::chrono::duration<double>(waited).count(), what());
    }
    if (waited < spin) continue;
    if (nap == microseconds{0}) {
      // The default slack of 50 us would make every nap two or three times as long.
      prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
      nap = kFirstNap;
    }
    std::this_thread::sleep_for(nap);
    nap = std::min(nap * 5 / 4, options.longest_nap);
  }
}

}  // namespace pipetrain
