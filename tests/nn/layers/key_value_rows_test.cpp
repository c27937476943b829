#include "nn/layers/key_value_rows.h"

#include <cstddef>
#include <cstdint>

#include "catch.h"

using namespace pipetrain;

namespace key_value_rows_test {

TEST_CASE("Keys and values stay where rows and tokens are added") {
  MemoryPool pool;
  Tensor kept;
  const KeyValueHeads heads{2, 3};
  // A number for each entry of a row's keys and values.
  const auto number = [](std::int64_t row, std::int64_t at, std::int64_t t) {
    return static_cast<float>(10000 * row + 1000 * at + t);
  };
  const auto fill = [&](std::int64_t row, std::int64_t tokens) {
    const KeyValueCache cache = key_value_rows(pool, heads, {{row, 1}, tokens, 1000}, kept);
    REQUIRE(cache.tokens >= tokens);
    for (std::int64_t at = 0; at < 6; ++at) {
      for (std::int64_t t = 0; t < tokens; ++t) {
        cache.keys[at * cache.tokens + t] = number(row, at, t);
        cache.values[(at / 3 * cache.tokens + t) * 3 + at % 3] = -number(row, at, t);
      }
    }
  };
  const auto holds = [&](std::int64_t row, std::int64_t tokens) {
    const KeyValueCache cache = key_value_rows(pool, heads, {{row, 1}, tokens, 1000}, kept);
    bool all = true;
    for (std::int64_t at = 0; at < 6; ++at) {
      for (std::int64_t t = 0; t < tokens; ++t) {
        all &= cache.keys[at * cache.tokens + t] == number(row, at, t);
        all &= cache.values[(at / 3 * cache.tokens + t) * 3 + at % 3] == -number(row, at, t);
      }
    }
    return all;
  };
  fill(0, 200);
  fill(2, 100);
  CHECK(holds(0, 200));
  key_value_rows(pool, heads, {{1, 2}, 900, 1000}, kept);
  CHECK(holds(0, 200));
  CHECK(holds(2, 100));
  const std::size_t allocations = pool.system_allocations();
  key_value_rows(pool, heads, {{0, 3}, 900, 1000}, kept);
  CHECK(pool.system_allocations() == allocations);
  CHECK(key_value_rows(pool, heads, {{0, 3}, 1000, 1000}, kept).tokens < 1060);
}

TEST_CASE("Rows that come one by one take room for as many again") {
  MemoryPool pool;
  Tensor kept;
  for (std::int64_t row = 0; row < 16; ++row) {
    key_value_rows(pool, {2, 3}, {{row, 1}, 10, 1000}, kept);
  }
  CHECK(pool.system_allocations() == 5);
  CHECK(kept.shape()[1] == 16);
}

}  // namespace key_value_rows_test
