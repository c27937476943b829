#include "ops/simd/row_products.h"

#include <cstddef>
#include <cstdint>

#include "../halves.h"
#include "../reference.h"
#include "catch.h"
#include "ops/simd/select.h"

using namespace pipetrain;

namespace {

// y (m, n) of rows of x that lie apart, with a bias, and added to what was there before or not.
// Each row must have the bits that it has alone.
// Weights in bfloat16 give the bits of the same ones in float32.
void check_row_products(const SimdKernels& simd, std::int64_t m, std::int64_t n, std::int64_t k,
                        bool accumulate) {
  CAPTURE(simd.name, m, n, k, accumulate);
  const std::int64_t ldx = k + 3, ldy = n + 2;
  const Floats x = random_floats(m * ldx, 1), w = floats(random_halves(n * k, 2)),
               start = random_floats(m * ldy, 3), bias = random_floats(n, 4);
  Doubles expected = widened(start);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      double& sum = expected[static_cast<std::size_t>(i * ldy + j)];
      sum = (accumulate ? sum : 0) + static_cast<double>(bias[static_cast<std::size_t>(j)]);
      for (std::int64_t l = 0; l < k; ++l) {
        sum += static_cast<double>(x[static_cast<std::size_t>(i * ldx + l)]) *
               static_cast<double>(w[static_cast<std::size_t>(j * k + l)]);
      }
    }
  }
  const RowProducts<float> multiply = row_products_of(simd).on<float>();
  Floats y = start, alone = start;
  const Strided<const float> weights{w.data(), n, k, k};
  multiply({x.data(), m, k, ldx}, weights, bias.data(), {y.data(), m, n, ldy}, accumulate);
  CHECK(distance(y, expected) < 1e-5);
  for (std::int64_t i = 0; i < m; ++i) {
    multiply({x.data() + i * ldx, 1, k, ldx}, weights, bias.data(),
             {alone.data() + i * ldy, 1, n, ldy}, accumulate);
  }
  CHECK(alone == y);
  const Halves halves = rounded(w);
  Floats narrow = start;
  row_products_of(simd).on<BFloat16>()({x.data(), m, k, ldx}, {halves.data(), n, k, k}, bias.data(),
                                       {narrow.data(), m, n, ldy}, accumulate);
  CHECK(narrow == y);
}

}  // namespace

TEST_CASE("Products of a few rows are those of plain loops, and each row's the same alone") {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    for (const std::int64_t n : {1, 7, 8, 19}) {
      for (const std::int64_t k : {5, 16, 32, 83}) {
        for (std::int64_t m = 1; m <= 9; ++m) check_row_products(*simd, m, n, k, m % 2 == 0);
      }
    }
  }
}
