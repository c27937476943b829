#include "ops/activation.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.h"
#include "reference.h"

using namespace pipetrain;

namespace {

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}

}  // namespace

TEST_CASE("GELU and its gradient are those of the tanh form") {
  MemoryPool pool;
  Ops ops(pool);
  for (const std::int64_t n : {1, 13, 1000, 20011}) {
    const Floats x = random_floats(n, 1, 8.0f), dy = random_floats(n, 2);
    Doubles expected, dexpected;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto at = static_cast<double>(x[i]);
      expected.push_back(gelu(at));
      dexpected.push_back((gelu(at + 1e-5) - gelu(at - 1e-5)) / 2e-5 * static_cast<double>(dy[i]));
    }
    Floats y(x.size()), dx = dy, again = x;
    gelu_forward(ops, matrix(x, n), matrix(y, n));
    gelu_backward(ops, matrix(dx, n), matrix(again, n));
    CHECK(distance(y, expected) < 1e-6);
    CHECK(distance(again, expected) < 1e-6);
    CHECK(distance(dx, dexpected) < 1e-5);
  }
}

TEST_CASE("ReLU and its gradient are those of the formula, and keep NaN") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t n = 20011;
  Floats x = random_floats(n, 1, 8.0f);
  const Floats dy = random_floats(n, 2);
  x[5] = std::numeric_limits<float>::quiet_NaN();
  Floats y(x.size()), dx = dy, again = x;
  relu_forward(ops, matrix(x, n), matrix(y, n));
  relu_backward(ops, matrix(dx, n), matrix(again, n));
  CHECK(std::isnan(y[5]));
  CHECK(same_bits(again, y));
  bool exact = true;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i == 5) continue;
    exact &= y[i] == std::max(x[i], 0.0f) && dx[i] == (x[i] > 0 ? dy[i] : 0.0f);
  }
  CHECK(exact);
}

TEST_CASE("SwiGLU and its gradient are those of the formula, at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const std::int64_t shapes[][2] = {{1, 1}, {3, 7}, {5, 16}, {40, 301}};
  for (const auto& [rows, width] : shapes) {
    CAPTURE(rows, width);
    const Floats gate_up = random_floats(rows * 2 * width, 1, 6.0f);
    const Floats dy = random_floats(rows * width, 2);
    auto plain = [&, n = static_cast<std::size_t>(width)](const Doubles& x) {
      Doubles y;
      for (std::size_t row = 0; row < x.size() / (2 * n); ++row) {
        for (std::size_t i = 0; i < n; ++i) {
          const double gate = x[row * 2 * n + i], up = x[row * 2 * n + n + i];
          y.push_back(gate / (1 + std::exp(-gate)) * up);
        }
      }
      return y;
    };
    std::vector<Floats> results;
    for (const int count : {1, 2}) {
      omp_set_num_threads(count);
      Floats y(dy.size()), activated = dy, gradient = gate_up;
      swiglu_forward(ops, matrix(gate_up, 2 * width), matrix(y, width));
      swiglu_backward(ops, matrix(activated, width), matrix(gradient, 2 * width));
      CHECK(distance(y, plain(widened(gate_up))) < 1e-6);
      CHECK(distance(activated, widened(y)) < 1e-6);
      CHECK(gradient_distance(widened(gate_up), gradient, gradient.size() / 97 + 1,
                              [&](const Doubles& at) { return weighted_sum(plain(at), dy); }) <
            2e-5);
      y.insert(y.end(), gradient.begin(), gradient.end());
      results.push_back(y);
    }
    CHECK(same_bits(results[0], results[1]));
  }
  omp_set_num_threads(threads);
}

TEST_CASE("Activations give the same bits again, and at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const std::int64_t n = 20011;
  const Floats x = random_floats(n, 1, 4.0f), dy = random_floats(n, 2);
  std::vector<Floats> results;
  for (const int count : {1, 1, 2}) {
    omp_set_num_threads(count);
    Floats y(x.size()), dx = dy, again = x;
    gelu_forward(ops, matrix(x, n), matrix(y, n));
    gelu_backward(ops, matrix(dx, n), matrix(again, n));
    y.insert(y.end(), dx.begin(), dx.end());
    y.insert(y.end(), again.begin(), again.end());
    results.push_back(y);
  }
  omp_set_num_threads(threads);
  CHECK(same_bits(results[0], results[1]));
  CHECK(same_bits(results[0], results[2]));
}
