#include "ops/linear.h"

#include <omp.h>

#include <cstddef>
#include <cstdint>

#include "catch.h"
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
