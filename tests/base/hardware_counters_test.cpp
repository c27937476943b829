#include "base/hardware_counters.h"

#include <cerrno>
#include <cstdint>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Either instructions are counted between start and stop, or a reason is given") {
  HardwareCounters counters;
  counters.start();
  volatile std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < 1'000'000; ++i) sum = sum + i;
  counters.stop();
  const HardwareCounters::Counts counted = counters.counts();
  if (counters.missing().empty()) {
    CHECK(counted.instructions > 1e6);
    CHECK(counted.cycles > 0);
    CHECK(counters.counts().instructions == counted.instructions);  // stopped
  } else {
    CHECK(contains(counters.missing(), "perf_event_open: "));
    CHECK(counted.instructions == 0);
  }
}

TEST_CASE(
    "A user hears whether the machine has no counters or the system does not let them be read") {
  CHECK(contains(why_no_counters(ENOENT, "2"), "virtual machines"));
  CHECK(contains(why_no_counters(EACCES, "4"), "perf_event_paranoid is 4"));
  CHECK(contains(why_no_counters(EPERM, "2"), "container"));
  CHECK(!contains(why_no_counters(EMFILE, "2"), "paranoid"));
}
