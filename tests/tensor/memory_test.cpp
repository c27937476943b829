#include "tensor/memory.h"

#include <cstdint>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A freed block serves the next tensor of its size, and every byte is counted") {
  MemoryPool pool;
  void* first = pool.take(1000);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
  CHECK(pool.used_bytes() == 1024);
  pool.give_back(first, 1000);
  CHECK(pool.used_bytes() == 0);
  CHECK(pool.reserved_bytes() == 1024);
  CHECK(pool.take(1020) == first);
  CHECK(pool.system_allocations() == 1);
  void* second = pool.take(1000);
  CHECK(pool.peak_bytes() == 2048);
  pool.give_back(first, 1020);
  pool.give_back(second, 1000);
}

TEST_CASE("The resident size is known") { CHECK(peak_resident_bytes() >= resident_bytes() / 2); }
