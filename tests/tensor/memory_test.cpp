#include "tensor/memory.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

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

TEST_CASE("Blocks are counted by size, and their peaks can start again") {
  MemoryPool pool;
  void* a = pool.take(100);
  void* b = pool.take(64);
  pool.give_back(pool.take(120), 120);
  auto counts = pool.block_counts();
  REQUIRE(counts.size() == 2);
  CHECK((counts[0].bytes == 64 && counts[0].used == 1 && counts[0].most == 1));
  CHECK((counts[1].bytes == 128 && counts[1].used == 1 && counts[1].most == 2));
  pool.forget_peaks();
  CHECK(pool.block_counts()[1].most == 1);
  CHECK(pool.peak_bytes() == 192);
  pool.give_back(a, 100);
  pool.give_back(b, 64);
}

TEST_CASE("A large block begins on a huge page and is no larger than asked for") {
  const std::size_t page = std::size_t{2} << 20, bytes = 8 * page + 100;
  MemoryPool pool;
  void* block = pool.take(bytes);
  CHECK(reinterpret_cast<std::uintptr_t>(block) % page == 0);
  CHECK(pool.reserved_bytes() == 8 * page + 128);
  std::memset(block, 1, bytes);
  pool.give_back(block, bytes);
}

TEST_CASE("What this host has left is known and no more than it has") {
  CHECK(available_bytes() > 0);
  CHECK(available_bytes() < std::size_t{1} << 50);
}

TEST_CASE("The resident size is known") { CHECK(peak_resident_bytes() >= resident_bytes() / 2); }
