#include "ops/dropout.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "reference.h"

using namespace pipetrain;

namespace {

constexpr DropoutMask kMask{.key = 0x123456789ABCDEFu, .step = 7, .first_row = 40, .rate = 0.1};

// Of rows * n ones.
Floats dropped_ones(const DropoutMask& mask, std::int64_t rows, std::int64_t n) {
  MemoryPool pool;
  Ops ops(pool);
  Floats y(static_cast<std::size_t>(rows * n), 1.0f);
  apply_dropout(ops, mask, matrix(y, n), matrix(y, n));
  return y;
}

// The share of entries that both kept.
double kept_in_both(const Floats& a, const Floats& b, std::size_t offset = 0) {
  std::size_t both = 0;
  for (std::size_t i = 0; i + offset < a.size(); ++i) {
    both += a[i] != 0 && b[i + offset] != 0 ? 1 : 0;
  }
  return static_cast<double>(both) / static_cast<double>(a.size() - offset);
}

// Five standard deviations of a count of `n` entries, as a share.
double noise(double share, std::size_t n) {
  return 5 * std::sqrt(share * (1 - share) / static_cast<double>(n));
}

}  // namespace

TEST_CASE("A draw names the row in the step's batch, its line and the step") {
  const DropoutDraw draw = kMask.draw(3, 11);
  CHECK(draw.key == kMask.key);
  CHECK(draw.line == 11);
  CHECK(draw.row == 43);
  CHECK(draw.step == 7);
  CHECK(draw.threshold == 0x19999999);  // a tenth of all words
  CHECK(draw.factor == 1.0f / 0.9f);
}

TEST_CASE("Dropout keeps its share, keeps the mean, and draws every place, row and step anew") {
  for (const double rate : {0.1, 0.5, 0.9}) {
    CAPTURE(rate);
    DropoutMask mask = kMask;
    mask.rate = rate;
    const std::int64_t rows = 64, n = 3001;
    const Floats y = dropped_ones(mask, rows, n);
    const double keep = 1 - rate;
    double kept = 0, sum = 0;
    for (const float v : y) {
      REQUIRE((v == 0.0f || v == static_cast<float>(1 / keep)));
      kept += v != 0.0f ? 1 : 0;
      sum += static_cast<double>(v);
    }
    const auto count = static_cast<double>(y.size());
    CHECK(kept / count == Approx(keep).margin(noise(keep, y.size())));
    CHECK(sum / count == Approx(1).margin(noise(keep, y.size()) / keep));
    // What two independent draws keep of the same entry.
    const double both = keep * keep, margin = noise(both, y.size());
    DropoutMask next_step = mask, other_key = mask;
    ++next_step.step;
    ++other_key.key;
    for (const DropoutMask& other : {next_step, other_key}) {
      CHECK(kept_in_both(y, dropped_ones(other, rows, n)) == Approx(both).margin(margin));
    }
    for (const std::size_t offset : {1u, 2u, 8u, 16u, 32u, 64u, 3001u}) {
      CAPTURE(offset);
      CHECK(kept_in_both(y, y, offset) == Approx(both).margin(margin));
    }
  }
}

TEST_CASE("A row's mask is the same wherever its microbatch begins, and at 1 and 2 threads") {
  const Floats whole = dropped_ones(kMask, 40, 1500);
  DropoutMask later = kMask;
  later.first_row += 30;
  const Floats part = dropped_ones(later, 10, 1500);
  CHECK(std::equal(part.begin(), part.end(), whole.begin() + 30 * 1500));
  const int threads = omp_get_max_threads();
  omp_set_num_threads(threads == 1 ? 2 : 1);
  CHECK(same_bits(dropped_ones(kMask, 40, 1500), whole));
  omp_set_num_threads(threads);
}

TEST_CASE("What is added has the mask of what is multiplied") {
  MemoryPool pool;
  Ops ops(pool);
  const Floats x = random_floats(3 * 77, 1), y = random_floats(3 * 77, 2);
  Floats dropped(x.size()), sum = y;
  apply_dropout(ops, kMask, matrix(x, 77), matrix(dropped, 77));
  add_dropout(ops, kMask, matrix(x, 77), matrix(sum, 77));
  Doubles expected;
  for (std::size_t i = 0; i < x.size(); ++i) {
    expected.push_back(static_cast<double>(y[i]) + static_cast<double>(dropped[i]));
  }
  CHECK(distance(sum, expected) < 1e-6);
}
