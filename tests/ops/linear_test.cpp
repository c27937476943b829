#include "ops/linear.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "halves.h"
#include "reference.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kRows = 37, kIn = 19, kOut = 23;

// y (rows, out) = x W^T + b
Doubles linear(const Doubles& x, const Doubles& weight, const Doubles& bias) {
  Doubles y;
  for (std::int64_t row = 0; row < kRows; ++row) {
    for (std::int64_t j = 0; j < kOut; ++j) {
      double sum = bias[static_cast<std::size_t>(j)];
      for (std::int64_t i = 0; i < kIn; ++i) {
        sum += x[static_cast<std::size_t>(row * kIn + i)] *
               weight[static_cast<std::size_t>(j * kIn + i)];
      }
      y.push_back(sum);
    }
  }
  return y;
}

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

TEST_CASE("A linear map and its gradients are those of its formula") {
  MemoryPool pool;
  Ops ops(pool);
  const Floats x = random_floats(kRows * kIn, 1), weight = random_floats(kOut * kIn, 2);
  const Floats bias = random_floats(kOut, 3), dy = random_floats(kRows * kOut, 4);
  const Doubles wide_x = widened(x), wide_weight = widened(weight), wide_bias = widened(bias);

  Floats y(kRows * kOut);
  linear_forward(ops, matrix(x, kIn), weight.data(), bias.data(), matrix(y, kOut));
  CHECK(distance(y, linear(wide_x, wide_weight, wide_bias)) < 1e-6);

  Floats dx(kRows * kIn), dweight(kOut * kIn), dbias(kOut);
  linear_backward_input(ops, matrix(dy, kOut), weight.data(), matrix(dx, kIn));
  linear_backward_weight(ops, matrix(dy, kOut), matrix(x, kIn), dweight.data(), dbias.data(),
                         false);
  CHECK(gradient_distance(wide_x, dx, 1, [&](const Doubles& at) {
          return weighted_sum(linear(at, wide_weight, wide_bias), dy);
        }) < 1e-5);
  CHECK(gradient_distance(wide_weight, dweight, 1, [&](const Doubles& at) {
          return weighted_sum(linear(wide_x, at, wide_bias), dy);
        }) < 1e-5);
  CHECK(gradient_distance(wide_bias, dbias, 1, [&](const Doubles& at) {
          return weighted_sum(linear(wide_x, wide_weight, at), dy);
        }) < 1e-5);

  Floats twice = dweight, bias_twice = dbias;
  linear_backward_weight(ops, matrix(dy, kOut), matrix(x, kIn), twice.data(), bias_twice.data(),
                         true);
  for (float& value : dweight) value *= 2;
  for (float& value : dbias) value *= 2;
  CHECK(distance(twice, widened(dweight)) < 1e-6);
  CHECK(distance(bias_twice, widened(dbias)) < 1e-6);
}

TEST_CASE("Column sums are right at odd sizes and the same bits at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  for (const std::int64_t rows : {1, 2, 5, 63, 64, 65, 200, 768}) {
    for (const std::int64_t columns : {1, 7, 65, 128, 1031}) {
      CAPTURE(rows, columns);
      const Floats x = random_floats(rows * columns, 5);
      for (const bool accumulate : {false, true}) {
        const Floats start = random_floats(columns, 6);
        Doubles expected = accumulate ? widened(start) : Doubles(start.size());
        for (std::size_t i = 0; i < x.size(); ++i) {
          expected[i % start.size()] += static_cast<double>(x[i]);
        }
        Floats one = start, two = start;
        omp_set_num_threads(1);
        column_sums(ops, matrix(x, columns), one.data(), accumulate);
        omp_set_num_threads(2);
        column_sums(ops, matrix(x, columns), two.data(), accumulate);
        CHECK(distance(one, expected) < 1e-5);
        CHECK(same_bits(one, two));
      }
    }
  }
  omp_set_num_threads(threads);
}

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

TEST_CASE("The gradient of many rows is the sum over all of them, whatever copies are made") {
  constexpr std::int64_t kWide = 128, kMany = 1100;  // AVX2 copies pieces of them
  MemoryPool pool;
  Ops ops(pool);
  const Floats x = random_floats(kMany * kWide, 1), dy = random_floats(kMany * kWide, 2);
  Doubles expected = gradient(dy, x, kWide, kWide);
  Floats dweight(kWide * kWide, 5.0f);
  for (const bool accumulate : {false, true}) {
    linear_backward_weight(ops, matrix(dy, kWide), matrix(x, kWide), dweight.data(), nullptr,
                           accumulate);
    CHECK(distance(dweight, expected) < 1e-5);
    for (double& sum : expected) sum *= 2;
  }
  CHECK(pool.reserved_bytes() < 3 * kMany * kWide * sizeof(float));
  // Of 512 rows, of as many that are added, and of the last 76: none of all rows, which never runs.
  CHECK(ops.primitives() <= 3);
}

TEST_CASE("Which way a gradient takes depends on rows and instructions") {
  MemoryPool pool;
  Ops ops(pool);
  const bool avx512 = ops.simd().lanes == 16;
  CHECK(few_rows(ops, 512, DType::kFloat32) == avx512);
  CHECK_FALSE(few_rows(ops, 513, DType::kFloat32));
  CHECK(few_rows(ops, 64, DType::kFloat32) == (ops.simd().lanes >= 8));
  CHECK(few_rows(ops, 65, DType::kFloat32) == avx512);
  CHECK(few_rows(ops, 64, DType::kBFloat16) == (avx512 && bfloat16_instructions()));
}

TEST_CASE("A few rows are multiplied the same on any threads, and beside any others") {
  MemoryPool pool;
  Ops ops(pool);
  const int before = omp_get_max_threads();
  constexpr std::int64_t kWide = 200, kMany = 700;
  const Floats weight = random_floats(kMany * kWide, 2), bias = random_floats(kMany, 3);
  const Floats x = random_floats(kFewRows * kWide, 1);
  const auto result = [&](int threads, std::int64_t rows) {
    omp_set_num_threads(threads);
    const Floats few(x.begin(), x.begin() + rows * kWide);
    Floats y(static_cast<std::size_t>(rows * kMany));
    linear_forward(ops, matrix(few, kWide), weight.data(), bias.data(), matrix(y, kMany));
    return y;
  };
  const Floats all = result(1, kFewRows);
  for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{5}, kFewRows}) {
    CHECK(result(3, rows) == Floats(all.begin(), all.begin() + rows * kMany));
  }
  omp_set_num_threads(before);
}
