#include "base/process_memory.h"

#include <sstream>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A process's pages are counted in full, in shares, and those of its own") {
  std::istringstream smaps(
      "55d0-7ffd ---p 00000000 00:00 0    [rollup]\n"
      "Rss:            4000 kB\nPss:            2000 kB\nPss_Dirty:       900 kB\n"
      "Shared_Clean:   2500 kB\nShared_Dirty:    500 kB\n"
      "Private_Clean:   100 kB\nPrivate_Dirty:   900 kB\nReferenced:     4000 kB\n");
  const ProcessMemory memory = process_memory(smaps);
  CHECK(memory.resident == 4000 * 1024);
  CHECK(memory.proportional == 2000 * 1024);
  CHECK(memory.own == 1000 * 1024);
}

TEST_CASE("Of this process's pages its own are part of its share, and that of all that are there") {
  const ProcessMemory memory = process_memory();
  CHECK(memory.own > 0);
  CHECK(memory.own <= memory.proportional);
  CHECK(memory.proportional <= memory.resident);
}

TEST_CASE("A system that does not say gives zeros") {
  std::istringstream nothing;
  CHECK(process_memory(nothing).resident == 0);
}
