#include "ops/entrywise.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.h"
#include "halves.h"
#include "reference.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kEntries = 20011;  // more than one thread takes, and an odd number of them

}  // namespace

TEST_CASE("Sums, copies and stores are those of plain loops, the same bits at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const Floats x = random_floats(kEntries, 1, 4.0f), y = random_floats(kEntries, 2);
  Floats expected;
  for (std::size_t i = 0; i < x.size(); ++i) expected.push_back(x[i] + y[i]);
  for (const int count : {1, 2}) {
    omp_set_num_threads(count);
    Floats added = x, copied(x.size()), stored = x, again = x;
    add(ops, matrix(added, kEntries), matrix(y, kEntries));
    copy(ops, matrix(y, kEntries), matrix(copied, kEntries));
    store(ops, matrix(stored, kEntries), matrix(y, kEntries), /*accumulate=*/true);
    store(ops, matrix(again, kEntries), matrix(y, kEntries), /*accumulate=*/false);
    CHECK(same_bits(added, expected));
    CHECK(same_bits(copied, y));
    CHECK(same_bits(stored, expected));
    CHECK(same_bits(again, y));
  }
  omp_set_num_threads(threads);
}

TEST_CASE("To bfloat16 is added what is bfloat16 or float32, and the sum is rounded once") {
  MemoryPool pool;
  Ops ops(pool);
  const Halves x = random_halves(kEntries, 1), y = random_halves(kEntries, 2);
  const Floats exact = random_floats(kEntries, 3);
  const Floats wide_y = floats(y);
  Floats of_halves = floats(x), of_floats = of_halves;
  for (std::size_t i = 0; i < x.size(); ++i) {
    of_halves[i] += wide_y[i];
    of_floats[i] += exact[i];
  }
  Halves with_halves = x, with_floats = x;
  add(ops, matrix(with_halves, kEntries), matrix(y, kEntries));
  add(ops, matrix(with_floats, kEntries), matrix(exact, kEntries));
  CHECK(same_bits(floats(with_halves), floats(rounded(of_halves))));
  CHECK(same_bits(floats(with_floats), floats(rounded(of_floats))));
}

TEST_CASE("One entry that is not finite is found wherever it is, at 2 threads too") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(2);
  Floats x = random_floats(kEntries, 1, 1e38f);
  CHECK(all_finite(ops, matrix(x, kEntries)));
  for (const std::size_t at : {0, 9999, 10005, 20010}) {
    const float kept = x[at];
    x[at] = -std::numeric_limits<float>::infinity();
    CHECK_FALSE(all_finite(ops, matrix(x, kEntries)));
    x[at] = std::numeric_limits<float>::quiet_NaN();
    CHECK_FALSE(all_finite(ops, matrix(x, kEntries)));
    x[at] = kept;
  }
  omp_set_num_threads(threads);
}
