#include <cstddef>
#include <cstdint>
#include <vector>

#include "../halves.h"
#include "../reference.h"
#include "catch.h"
#include "ops/simd/select.h"

using namespace pipetrain;

namespace {

// C (m, n) = A (m, k) B (k, n), A stored transposed or not, every row longer than needed: what lies
// between the rows must stay as it was.
void check_small_matmul(const SimdKernels& simd, std::int64_t m, std::int64_t n, std::int64_t k,
                        bool transposed, bool accumulate) {
  CAPTURE(simd.name, m, n, k, transposed, accumulate);
  const std::int64_t lda = (transposed ? m : k) + 3, ldb = n + 5, ldc = n + 2;
  const std::int64_t a_row = transposed ? 1 : lda, a_column = transposed ? lda : 1;
  const Floats a = random_floats((transposed ? k : m) * lda, 1), b = random_floats(k * ldb, 2);
  const Floats start = random_floats(m * ldc, 3);
  Doubles expected = widened(start);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double& sum = expected[static_cast<std::size_t>(i * ldc + j)];
      if (!accumulate) sum = 0;
      for (std::int64_t l = 0; l < k; ++l) {
        sum += static_cast<double>(a[static_cast<std::size_t>(i * a_row + l * a_column)]) *
               static_cast<double>(b[static_cast<std::size_t>(l * ldb + j)]);
      }
    }
  }
  Floats c = start;
  simd.small_matmul({a.data(), m, k, a_row, a_column}, {b.data(), k, n, ldb}, {c.data(), m, n, ldc},
                    accumulate);
  CHECK(distance(c, expected) < 1e-5);
  bool gaps_kept = true;
  for (std::int64_t i = 0; i < m * ldc; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (i % ldc >= n) gaps_kept &= c[at] == start[at];
  }
  CHECK(gaps_kept);
}

}  // namespace

TEST_CASE("Small matrix products are those of plain loops at every remainder of the tiles") {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    for (int flags = 0; flags < 4; ++flags) {
      const bool transposed = (flags & 1) != 0, accumulate = (flags & 2) != 0;
      for (std::int64_t m = 1; m <= 26; ++m) {
        for (const std::int64_t n : {1, 7, 8, 15, 16, 17, 31, 32, 33, 47, 70}) {
          check_small_matmul(*simd, m, n, 5, transposed, accumulate);
        }
      }
      check_small_matmul(*simd, 64, 64, 64, transposed, accumulate);
      check_small_matmul(*simd, 64, 301, 33, transposed, accumulate);
      check_small_matmul(*simd, 301, 33, 64, transposed, accumulate);
    }
  }
}

TEST_CASE("Products of pairs are those of plain loops, A transposed or not") {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    for (const bool accumulate : {false, true}) {
      for (const bool transposed : {false, true}) {
        for (const std::int64_t m : {1, 11, 12, 13, 24, 26}) {
          for (const std::int64_t n : {16, 32, 48}) {
            for (const std::int64_t k : {1, 7, 32}) {
              CAPTURE(simd->name, m, n, k, transposed, accumulate);
              const Halves a_halves = random_halves(2 * m * k, 1);
              const Halves b_first = random_halves(k * n, 2), b_second = random_halves(k * n, 3);
              std::vector<BFloat16Pair> a(static_cast<std::size_t>(m * k)), b(b_first.size());
              simd->pair_rows(b_first.data(), b_second.data(), b.data(), k * n);
              for (std::size_t i = 0; i < a.size(); ++i) {
                simd->pair_rows(&a_halves[2 * i], &a_halves[2 * i + 1], &a[i], 1);
              }
              const std::int64_t a_row = transposed ? 1 : k, a_column = transposed ? m : 1;
              const Doubles a_wide = wide(a_halves), first = wide(b_first), second = wide(b_second);
              Floats c = random_floats(m * n, 4);
              Doubles expected = widened(c);
              for (std::int64_t at = 0; at < m * n; ++at) {
                double& sum = expected[static_cast<std::size_t>(at)];
                if (!accumulate) sum = 0;
                for (std::int64_t l = 0; l < k; ++l) {
                  const auto in_a = static_cast<std::size_t>(at / n * a_row + l * a_column);
                  const auto in_b = static_cast<std::size_t>(l * n + at % n);
                  sum += a_wide[2 * in_a] * first[in_b] + a_wide[2 * in_a + 1] * second[in_b];
                }
              }
              simd->pair_matmul({a.data(), m, k, a_row, a_column}, {b.data(), k, n, n},
                                {c.data(), m, n, n}, accumulate);
              CHECK(distance(c, expected) < 1e-6);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("Transposes are exact at odd sizes") {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    for (const std::int64_t rows : {1, 7, 8, 16, 33, 70}) {
      for (const std::int64_t columns : {1, 5, 8, 16, 31, 64}) {
        const Floats from = random_floats(rows * (columns + 3), 1);
        Floats to(static_cast<std::size_t>(columns * (rows + 2)));
        simd->on_float32.transpose({from.data(), rows, columns, columns + 3},
                                   {to.data(), columns, rows, rows + 2});
        bool exact = true;
        for (std::int64_t i = 0; i < rows; ++i) {
          for (std::int64_t j = 0; j < columns; ++j) {
            exact &= to[static_cast<std::size_t>(j * (rows + 2) + i)] ==
                     from[static_cast<std::size_t>(i * (columns + 3) + j)];
          }
        }
        CAPTURE(simd->name, rows, columns);
        CHECK(exact);
      }
    }
  }
}
