#include "base/clock.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Both clocks go forward, and the processor's counts what is computed") {
  const double wall = wall_seconds(), processor = cpu_seconds();
  while (cpu_seconds() == processor) {
  }
  CHECK(wall_seconds() > wall);
  CHECK(cpu_seconds() > processor);
}
