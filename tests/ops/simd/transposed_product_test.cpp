#include <cstddef>
#include <cstdint>
#include <vector>

#include "../halves.h"
#include "../reference.h"
#include "catch.h"
#include "ops/simd/select.h"

using namespace pipetrain;

namespace {

struct Sizes {
  std::int64_t k, m, n;
};

Floats entries_of(const Floats& x) { return x; }
Floats entries_of(const Halves& x) { return floats(x); }
template <class T>
std::vector<T> random_entries(std::int64_t n, unsigned seed);
template <>
Floats random_entries<float>(std::int64_t n, unsigned seed) {
  return random_floats(n, seed);
}
template <>
Halves random_entries<BFloat16>(std::int64_t n, unsigned seed) {
  return random_halves(n, seed);
}

// C (m, n) = A^T B, of A (k, m) and B (k, n), every row longer than needed: what lies between the
// rows must stay as it was.
template <class T>
void check_transposed_product(const SimdKernels& simd, const Sizes& sizes, bool accumulate) {
  const auto [k, m, n] = sizes;
  CAPTURE(simd.name, sizeof(T), k, m, n, accumulate);
  const std::int64_t lda = m + 3, ldb = n + 5, ldc = n + 2;
  const auto a = random_entries<T>(k * lda, 1), b = random_entries<T>(k * ldb, 2);
  const Floats wide_a = entries_of(a), wide_b = entries_of(b), start = random_floats(m * ldc, 3);
  Doubles expected = widened(start);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double& sum = expected[static_cast<std::size_t>(i * ldc + j)];
      if (!accumulate) sum = 0;
      for (std::int64_t l = 0; l < k; ++l) {
        sum += static_cast<double>(wide_a[static_cast<std::size_t>(l * lda + i)]) *
               static_cast<double>(wide_b[static_cast<std::size_t>(l * ldb + j)]);
      }
    }
  }
  Floats c = start, scratch(static_cast<std::size_t>(transposed_scratch(k, n)));
  simd.on<T>().transposed_product({a.data(), k, m, lda}, {b.data(), k, n, ldb},
                                  {c.data(), m, n, ldc}, accumulate, scratch.data());
  CHECK(distance(c, expected) < 1e-5);
  bool gaps_kept = true;
  for (std::int64_t i = 0; i < m * ldc; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (i % ldc >= n) gaps_kept &= c[at] == start[at];
  }
  CHECK(gaps_kept);
}

}  // namespace

TEST_CASE("Transposed products are those of plain loops at every remainder of the tiles") {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    for (const bool accumulate : {false, true}) {
      for (std::int64_t m = 1; m <= 25; ++m) {
        for (const std::int64_t n : {1, 8, 15, 16, 31, 32, 33, 70}) {
          check_transposed_product<float>(*simd, {5, m, n}, accumulate);
          check_transposed_product<BFloat16>(*simd, {5, m, n}, accumulate);
        }
      }
      // Several blocks of terms, and of columns.
      for (const Sizes sizes :
           {Sizes{257, 13, 600}, {300, 30, 517}, {515, 24, 64}, {1025, 5, 40}}) {
        check_transposed_product<float>(*simd, sizes, accumulate);
        check_transposed_product<BFloat16>(*simd, sizes, accumulate);
      }
    }
  }
}
