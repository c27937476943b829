#include "ops/bfloat16_products.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "catch.h"
#include "halves.h"
#include "ops/linear.h"
#include "reference.h"

using namespace pipetrain;

TEST_CASE("Products of bfloat16 are summed in float32 and rounded once") {
  constexpr std::int64_t kRows = 37, kIn = 300, kOut = 23;
  MemoryPool pool;
  Ops ops(pool);
  const Halves x = random_halves(kRows * kIn, 1), dy = random_halves(kRows * kOut, 2);
  Floats weight = random_floats(kOut * kIn, 3);
  const Floats bias = random_floats(kOut, 4);
  const auto expected = [&](const Halves* base) {
    const Doubles wide_x = wide(x), wide_weight = wide(rounded(weight));
    Doubles y;
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t j = 0; j < kOut; ++j) {
        double sum = static_cast<double>(bias[j]);
        for (std::size_t i = 0; i < kIn; ++i)
          sum += wide_x[row * kIn + i] * wide_weight[j * kIn + i];
        y.push_back(sum + (base == nullptr ? 0 : wide(*base)[row * kOut + j]));
      }
    }
    return y;
  };
  Floats y(kRows * kOut);
  linear_forward(ops, matrix(x, kIn), weight.data(), bias.data(), matrix(y, kOut));
  CHECK(distance(y, expected(nullptr)) < 1e-6);
  const Halves base = random_halves(kRows * kOut, 5, 30.0f);
  Halves added = base;
  linear_forward(ops, matrix(x, kIn), weight.data(), bias.data(), matrix(added, kOut), true);
  const Doubles sums = expected(&base);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double error = std::fabs(static_cast<double>(floats(added)[i]) - sums[i]);
    const double half_a_step = std::ldexp(1.0, std::ilogb(sums[i]) - 8);
    REQUIRE(error <= half_a_step + 1e-5);  // rounded once
  }

  Floats dweight(kOut * kIn), dbias(kOut), again;
  linear_backward_weight(ops, matrix(dy, kOut), matrix(x, kIn), dweight.data(), dbias.data(),
                         false);
  again = dweight;
  linear_backward_weight(ops, matrix(dy, kOut), matrix(x, kIn), again.data(), dbias.data(), true);
  Doubles from_floats;
  for (std::size_t j = 0; j < kOut; ++j) {
    for (std::size_t i = 0; i < kIn; ++i) {
      double sum = 0;
      for (std::size_t row = 0; row < kRows; ++row) {
        sum += wide(dy)[row * kOut + j] * wide(x)[row * kIn + i];
      }
      from_floats.push_back(sum);
    }
    if (j == 2) break;  // some rows are enough
  }
  CHECK(distance(dweight.data(), from_floats) < 1e-6);
  for (double& value : from_floats) value *= 2;
  CHECK(distance(again.data(), from_floats) < 1e-6);
}

TEST_CASE("Products by instructions are those of float32 copies but for the order of sums") {
  if (!bfloat16_instructions()) {
    WARN("not compared: no bfloat16 instructions here");
    return;
  }
  MemoryPool pool;
  unsetenv(kEmulateBFloat16);
  Ops by_instructions(pool);
  setenv(kEmulateBFloat16, "1", 1);
  Ops of_copies(pool);
  unsetenv(kEmulateBFloat16);
  double largest = 0;
  for (const std::int64_t k : {3, 64, 257, 1024}) {
    for (const bool transposed : {false, true}) {
      const std::int64_t m = 37, n = 65;
      const Halves a = random_halves(m * k, 1), b = random_halves(k * n, 2);
      const MatmulShape shape{
          .m = m, .n = n, .k = k, .transpose_b = transposed, .dtype = DType::kBFloat16};
      Floats mine(static_cast<std::size_t>(m * n)), theirs(mine.size());
      by_instructions.matmul(shape, a.data(), b.data(), nullptr, mine.data());
      of_copies.matmul(shape, a.data(), b.data(), nullptr, theirs.data());
      largest = std::max(largest, distance(mine, widened(theirs)));
    }
  }
  INFO("the largest difference, relative to the largest entry: " << largest);
  CHECK(largest < 1e-5);
}

TEST_CASE("A user's wish for copies is heard, and nothing else is taken for one") {
  for (const char* value : {"", "0"}) {
    setenv(kEmulateBFloat16, value, 1);
    CHECK_FALSE(emulates_bfloat16());
    CHECK(multiplies_bfloat16() == bfloat16_instructions());
  }
  setenv(kEmulateBFloat16, "1", 1);
  CHECK(emulates_bfloat16());
  CHECK_FALSE(multiplies_bfloat16());
  setenv(kEmulateBFloat16, "yes", 1);
  CHECK_THROWS_AS(emulates_bfloat16(), Error);
  unsetenv(kEmulateBFloat16);
}
