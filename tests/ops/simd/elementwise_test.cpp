#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "tables.h"

using namespace pipetrain;

TEST_CASE("Vector sums, products and maxima are those of plain loops") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats x = random_floats(n, 1), y = random_floats(n, 2);
    double dot = 0, squares = 0;
    float largest = x[0];
    for (std::size_t i = 0; i < x.size(); ++i) {
      dot += wide(x[i]) * wide(y[i]);
      squares += wide(x[i]) * wide(x[i]);
      largest = std::max(largest, x[i]);
    }
    CHECK(simd.on_float32.dot(x.data(), y.data(), n) == Approx(dot).margin(1e-5));
    CHECK(simd.sum_squares(x.data(), n) == Approx(squares).epsilon(1e-12));
    CHECK(simd.maximum(x.data(), n) == largest);
    Floats scaled = x, sum = x, with_product = x, ds = x, p = y;
    simd.scale(scaled.data(), n, 0.3f);
    simd.on_float32.add(sum.data(), y.data(), n);
    simd.on_float32.add_product(with_product.data(), y.data(), y.data(), n);
    simd.softmax_backward(ds.data(), p.data(), n, {1.5f, 0.1f}, {0.25f, 0.5f});
    CHECK(distance(scaled, entrywise(x, [&](std::size_t i) { return wide(x[i] * 0.3f); })) < 1e-7);
    CHECK(distance(sum, entrywise(x, [&](std::size_t i) { return wide(x[i]) + wide(y[i]); })) <
          2e-7);
    CHECK(distance(with_product, entrywise(x, [&](std::size_t i) {
                     return wide(x[i]) + wide(y[i]) * wide(y[i]);
                   })) < 2e-7);
    Floats power = y;
    simd.exp_scaled(power.data(), n, {1.5f, 0.1f});
    CHECK(p == power);
    CHECK(distance(ds, entrywise(x, [&](std::size_t i) {
                     return wide(power[i]) * (wide(x[i]) - 0.25) * 0.5;
                   })) < 5e-7);
  });
}

TEST_CASE("The vector exponential is within 5e-6 everywhere, and bounded outside") {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    CAPTURE(simd->name);
    Floats x;
    for (float at = -87; at <= 88; at += 0.013f) x.push_back(at);
    Floats y = x;
    const auto n = static_cast<std::int64_t>(x.size());
    simd->exp_scaled(y.data(), n, {1.0f, 0.0f});
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      worst = std::max(worst, std::fabs(wide(y[i]) / std::exp(wide(x[i])) - 1));
    }
    CHECK(worst < 5e-6);
    Floats outside = {-1e30f, -100, 89, 1e30f};
    simd->exp_scaled(outside.data(), 4, {1.0f, 0.0f});
    CHECK((outside[0] > 0 && outside[0] < 2e-38f && outside[1] == outside[0]));
    CHECK((outside[2] > 1e38f && std::isfinite(outside[2]) && outside[3] == outside[2]));
  }
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats x = random_floats(n, 1, 4.0f);
    const Doubles expected =
        entrywise(x, [&](std::size_t i) { return std::exp(0.5 * wide(x[i]) - 1.25); });
    double sum = 0;
    for (const double value : expected) sum += value;
    Floats y = x;
    CHECK(simd.exp_scaled(y.data(), n, {0.5f, 1.25f}) == Approx(sum).epsilon(1e-5));
    CHECK(distance(y, expected) < 1e-6);
  });
}
