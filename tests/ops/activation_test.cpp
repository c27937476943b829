#include "ops/activation.h"

#include <omp.h>

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
    gelu_forward(ops, n, x.data(), y.data());
    gelu_backward(ops, n, dx.data(), again.data());
    CHECK(distance(y, expected) < 1e-6);
    CHECK(distance(again, expected) < 1e-6);
    CHECK(distance(dx, dexpected) < 1e-5);
  }
}

TEST_CASE("Entrywise operations give the same bits again, and at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const std::int64_t n = 20011;
  const Floats x = random_floats(n, 1, 4.0f), dy = random_floats(n, 2);
  std::vector<Floats> results;
  for (const int count : {1, 1, 2}) {
    omp_set_num_threads(count);
    Floats y(x.size()), dx = dy, again = x, sum = x;
    gelu_forward(ops, n, x.data(), y.data());
    gelu_backward(ops, n, dx.data(), again.data());
    add(ops, n, sum.data(), dy.data());
    y.insert(y.end(), dx.begin(), dx.end());
    y.insert(y.end(), again.begin(), again.end());
    y.insert(y.end(), sum.begin(), sum.end());
    results.push_back(y);
  }
  omp_set_num_threads(threads);
  CHECK(same_bits(results[0], results[1]));
  CHECK(same_bits(results[0], results[2]));
}

TEST_CASE("One entry that is not finite is found wherever it is, at 2 threads too") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  omp_set_num_threads(2);
  Floats x = random_floats(20011, 1, 1e38f);
  CHECK(all_finite(ops, 20011, x.data()));
  for (const std::size_t at : {0, 9999, 10005, 20010}) {
    const float kept = x[at];
    x[at] = -std::numeric_limits<float>::infinity();
    CHECK_FALSE(all_finite(ops, 20011, x.data()));
    x[at] = std::numeric_limits<float>::quiet_NaN();
    CHECK_FALSE(all_finite(ops, 20011, x.data()));
    x[at] = kept;
  }
  omp_set_num_threads(threads);
}
