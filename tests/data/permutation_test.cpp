#include "data/permutation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace permutation_test {

namespace {

std::vector<std::int64_t> order(std::int64_t size, std::uint64_t key) {
  const Permutation permutation(size, key);
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < size; ++i) numbers.push_back(permutation.at(i));
  return numbers;
}

}  // namespace

TEST_CASE("A permutation has every number once, in another order for another key") {
  for (const std::int64_t size : {1, 2, 3, 4, 5, 16, 17, 64, 65, 500, 4097}) {
    const std::vector<std::int64_t> first = order(size, 7);
    std::vector<std::int64_t> sorted = first, counting(static_cast<std::size_t>(size));
    std::ranges::sort(sorted);
    std::iota(counting.begin(), counting.end(), 0);
    CHECK(sorted == counting);
    CHECK(order(size, 7) == first);
    if (size < 16) continue;
    CHECK(order(size, 8) != first);
    CHECK(first != counting);
  }
}

TEST_CASE("A permutation puts every number at every place about equally often") {
  constexpr std::int64_t kSize = 10, kKeys = 20'000;
  std::vector<int> counts(kSize * kSize);
  for (std::uint64_t key = 0; key < kKeys; ++key) {
    const std::vector<std::int64_t> numbers = order(kSize, key);
    for (std::int64_t i = 0; i < kSize; ++i) {
      ++counts[static_cast<std::size_t>(kSize * i + numbers[static_cast<std::size_t>(i)])];
    }
  }
  // 2000 expected, with a standard deviation of 42.
  CHECK(*std::ranges::min_element(counts) > 1790);
  CHECK(*std::ranges::max_element(counts) < 2210);
}

}  // namespace permutation_test
