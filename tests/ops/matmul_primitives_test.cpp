// Copies of operands: when they are made, and that products of them are products of the operands.
#include "ops/matmul_primitives.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "halves.h"
#include "ops/linear.h"
#include "reference.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kInner = 70, kOuter = 90;

// x (rows, in) W^T, in double.
std::vector<double> product(const Floats& x, const Floats& weight) {
  const auto rows = static_cast<std::int64_t>(x.size()) / kInner;
  std::vector<double> y(static_cast<std::size_t>(rows * kOuter));
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < kOuter; ++j) {
      double sum = 0;
      for (std::int64_t l = 0; l < kInner; ++l) {
        sum += static_cast<double>(x[static_cast<std::size_t>(i * kInner + l)]) *
               static_cast<double>(weight[static_cast<std::size_t>(j * kInner + l)]);
      }
      y[static_cast<std::size_t>(i * kOuter + j)] = sum;
    }
  }
  return y;
}

}  // namespace

TEST_CASE("Weights are copied to bfloat16 once for each change of them, for few rows and many") {
  for (const std::int64_t rows : {5, 700}) {
    CAPTURE(rows);
    MemoryPool pool;
    Ops ops(pool);
    const Halves x = random_halves(rows * kInner, 1);
    Floats weight = random_floats(kOuter * kInner, 2), y(static_cast<std::size_t>(rows * kOuter));
    const auto multiplied = [&] {
      linear_forward(ops, matrix(x, kInner), weight.data(), nullptr, matrix(y, kOuter));
      return distance(y, product(floats(x), floats(rounded(weight))));
    };
    CHECK(multiplied() < 1e-5);
    CHECK(multiplied() < 1e-5);
    CHECK(ops.packings() == 1);
    for (float& entry : weight) entry += 1;
    ops.weights_changed();
    CHECK(multiplied() < 1e-5);
    CHECK(ops.packings() == 2);
    const std::size_t used = pool.used_bytes();
    ops.forget_weights();
    CHECK(pool.used_bytes() < used);
    CHECK(multiplied() < 1e-5);
  }
}

TEST_CASE("Weights in float32 are read as they are now, for few rows and many") {
  for (const std::int64_t rows : {5, 700}) {
    CAPTURE(rows);
    MemoryPool pool;
    Ops ops(pool);
    const Floats x = random_floats(rows * kInner, 1);
    Floats weight = random_floats(kOuter * kInner, 2), y(static_cast<std::size_t>(rows * kOuter));
    for (int change = 0; change < 2; ++change) {
      for (float& entry : weight) entry += static_cast<float>(change);
      linear_forward(ops, matrix(x, kInner), weight.data(), nullptr, matrix(y, kOuter));
      CHECK(distance(y, product(x, weight)) < 1e-5);
    }
    CHECK(ops.packings() == 0);
    CHECK(pool.used_bytes() == 0);
  }
}
