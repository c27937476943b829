#include "data/epochs.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "catch.h"
#include "data/permutation.h"

using namespace pipetrain;

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

TEST_CASE("Steps take the samples epoch by epoch, the last batch what is left") {
  const Epochs epochs{.samples = 500, .batch_rows = 64, .least_rows = 4};
  CHECK(epochs.steps() == 8);
  CHECK(epochs.at(0) == StepRows{0, 0, 64});
  CHECK(epochs.at(6) == StepRows{0, 384, 64});
  CHECK(epochs.at(7) == StepRows{0, 448, 52});
  CHECK(epochs.at(8) == StepRows{1, 0, 64});
  CHECK(epochs.at(23) == StepRows{2, 448, 52});
}

TEST_CASE("A rest that does not fill the microbatches is left out") {
  const Epochs even{.samples = 128, .batch_rows = 64, .least_rows = 4};
  CHECK(even.steps() == 2);
  CHECK(even.at(2) == StepRows{1, 0, 64});
  const Epochs rest{.samples = 131, .batch_rows = 64, .least_rows = 4};
  CHECK(rest.steps() == 2);
  CHECK(Epochs{.samples = 132, .batch_rows = 64, .least_rows = 4}.at(2) == StepRows{0, 128, 4});
  CHECK(Epochs{.samples = 50, .batch_rows = 64, .least_rows = 4}.at(1) == StepRows{1, 0, 50});
  CHECK(Epochs{.samples = 3, .batch_rows = 64, .least_rows = 4}.steps() == 0);
}

TEST_CASE("Rows that are drawn have a pass for every step") {
  const Epochs drawn{.samples = 0, .batch_rows = 12, .least_rows = 6};
  CHECK(drawn.at(5) == StepRows{5, 0, 12});
}
