#include "ops/weight_gradient.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "halves.h"
#include "reference.h"

using namespace pipetrain;

namespace {

// dy^T x, by the definition.
Doubles gradient(const Floats& dy, const Floats& x, std::int64_t out, std::int64_t in) {
  Doubles sums(static_cast<std::size_t>(out * in));
  const auto rows = static_cast<std::int64_t>(dy.size()) / out;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < out; ++i) {
      for (std::int64_t j = 0; j < in; ++j) {
        sums[static_cast<std::size_t>(i * in + j)] +=
            static_cast<double>(dy[static_cast<std::size_t>(row * out + i)]) *
            static_cast<double>(x[static_cast<std::size_t>(row * in + j)]);
      }
    }
  }
  return sums;
}

}  // namespace

TEST_CASE("A weight's gradient is dy^T x, with the same bits for every number of threads") {
  constexpr std::int64_t kIn = 70, kOut = 230;
  const int threads = omp_get_max_threads();
  for (const std::int64_t rows : {1, 64, 300}) {
    CAPTURE(rows);
    MemoryPool pool;
    Ops ops(pool);
    const Floats x = random_floats(rows * kIn, 1), dy = random_floats(rows * kOut, 2);
    const Halves half_x = random_halves(rows * kIn, 1), half_dy = random_halves(rows * kOut, 2);
    const Doubles expected = gradient(dy, x, kOut, kIn);
    const Doubles half_expected = gradient(floats(half_dy), floats(half_x), kOut, kIn);
    Floats first, half_first;
    for (const int team : {1, 2, 3, 7}) {
      omp_set_num_threads(team);
      CAPTURE(team);
      Floats once(kOut * kIn, 5.0f), half_once = once;
      weight_gradient(ops, matrix(dy, kOut), matrix(x, kIn), once.data(), false);
      weight_gradient(ops, matrix(half_dy, kOut), matrix(half_x, kIn), half_once.data(), false);
      CHECK(distance(once, expected) < 1e-5);
      CHECK(distance(half_once, half_expected) < 1e-5);
      Floats twice = once;
      weight_gradient(ops, matrix(dy, kOut), matrix(x, kIn), twice.data(), true);
      bool doubled = true;
      for (std::size_t i = 0; i < once.size(); ++i)
        doubled &= rows > 256 || twice[i] == 2 * once[i];
      CHECK(doubled);
      if (first.empty()) {
        first = once;
        half_first = half_once;
      }
      CHECK(same_bits(once, first));
      CHECK(same_bits(half_once, half_first));
    }
  }
  omp_set_num_threads(threads);
}

TEST_CASE("Which way a gradient takes depends on rows and instructions") {
  MemoryPool pool;
  Ops ops(pool);
  const bool avx512 = ops.simd().lanes == 16;
  CHECK(few_rows(ops, 512, DType::kFloat32) == avx512);
  CHECK_FALSE(few_rows(ops, 513, DType::kFloat32));
  CHECK(few_rows(ops, 64, DType::kBFloat16) == (avx512 && bfloat16_instructions()));
}
