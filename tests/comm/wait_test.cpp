#include "comm/wait.h"

#include <chrono>
#include <ctime>
#include <string>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::string nothing() { return "nothing"; }

}  // namespace

TEST_CASE("A wait gives the core away and is over soon after what it waits for") {
  for (const bool oversubscribed : {false, true}) {
    const double start = seconds_of(CLOCK_MONOTONIC);
    const double cpu = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    const auto done = [&] { return seconds_of(CLOCK_MONOTONIC) - start > 0.2; };
    wait_until(done, {.timeout_seconds = 10, .oversubscribed = oversubscribed}, 0, nothing);
    CHECK(seconds_of(CLOCK_THREAD_CPUTIME_ID) - cpu < 0.05);
    CHECK(seconds_of(CLOCK_MONOTONIC) - start < 0.4);
  }
}

TEST_CASE("A wait ends at its time limit") {
  const double start = seconds_of(CLOCK_MONOTONIC);
  CHECK_THROWS_AS(wait_until([] { return false; }, {.timeout_seconds = 0.05}, 0, nothing), Error);
  const double waited = seconds_of(CLOCK_MONOTONIC) - start;
  CHECK(waited >= 0.05);
  CHECK(waited < 0.5);
}
