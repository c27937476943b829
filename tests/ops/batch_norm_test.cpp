#include "ops/batch_norm.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include "catch.h"
#include "halves.h"
#include "reference.h"

using namespace pipetrain;

namespace {

Doubles normalized(const Doubles& x, const Floats& gamma, const Floats& beta, std::size_t rows,
                   bool relu) {
  const std::size_t width = gamma.size();
  Doubles y(x.size());
  for (std::size_t c = 0; c < width; ++c) {
    double mean = 0, variance = 0;
    for (std::size_t r = 0; r < rows; ++r) mean += x[r * width + c] / static_cast<double>(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      const double apart = x[r * width + c] - mean;
      variance += apart * apart / static_cast<double>(rows);
    }
    for (std::size_t r = 0; r < rows; ++r) {
      const double value =
          (x[r * width + c] - mean) / std::sqrt(variance + 1e-5) * static_cast<double>(gamma[c]) +
          static_cast<double>(beta[c]);
      y[r * width + c] = relu ? std::max(0.0, value) : value;
    }
  }
  return y;
}

struct BatchNormResult {
  Floats y, dx, dgamma, dbeta;
};

BatchNormResult run_batch_norm(Ops& ops, bool relu, const Floats& x, const Floats& gamma,
                               const Floats& beta, const Floats& dy) {
  const auto channels = static_cast<std::int64_t>(gamma.size());
  Floats mean(gamma.size()), variance(gamma.size());
  BatchNormResult r{Floats(x.size()), dy, Floats(gamma.size()), Floats(gamma.size())};
  batch_moments(ops, matrix(x, channels), mean.data(), variance.data());
  const ChannelNorm norm{mean.data(), variance.data(), gamma.data(), beta.data(), relu};
  batch_norm_forward(ops, norm, matrix(x, channels), matrix(r.y, channels));
  batch_norm_backward(ops, norm, matrix(r.dx, channels), matrix(x, channels), r.dgamma.data(),
                      r.dbeta.data());
  return r;
}

}  // namespace

TEST_CASE("Batch norm and its gradients are those of the definition, far from zero too") {
  MemoryPool pool;
  Ops ops(pool);
  for (const auto& [rows, channels, relu] :
       {std::tuple{1000, 3, false}, std::tuple{700, 16, true}, std::tuple{37, 130, false}}) {
    Floats x = random_floats(rows * channels, 1), dy = random_floats(rows * channels, 2);
    for (float& value : x) value += 30.0f;
    const Floats gamma = random_floats(channels, 3), beta = random_floats(channels, 4);
    const BatchNormResult r = run_batch_norm(ops, relu, x, gamma, beta, dy);
    const auto expected = [&](const Doubles& at) {
      return normalized(at, gamma, beta, static_cast<std::size_t>(rows), relu);
    };
    CHECK(distance(r.y, expected(widened(x))) < 1e-5);
    const auto loss = [&](const Doubles& at) { return weighted_sum(expected(at), dy); };
    CHECK(gradient_distance(widened(x), r.dx, x.size() / 20, loss) < 1e-3);
  }
}

TEST_CASE("Batch norm gives the same bits at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const Floats x = random_floats(3000 * 24, 1), dy = random_floats(3000 * 24, 2);
  const Floats gamma = random_floats(24, 3), beta = random_floats(24, 4);
  omp_set_num_threads(1);
  const BatchNormResult one = run_batch_norm(ops, true, x, gamma, beta, dy);
  omp_set_num_threads(2);
  const BatchNormResult two = run_batch_norm(ops, true, x, gamma, beta, dy);
  omp_set_num_threads(threads);
  CHECK(same_bits(one.y, two.y));
  CHECK(same_bits(one.dx, two.dx));
  CHECK(same_bits(one.dgamma, two.dgamma));
  CHECK(same_bits(one.dbeta, two.dbeta));
}

TEST_CASE("Batch norm of bfloat16 has the statistics of its entries, in float32") {
  MemoryPool pool;
  Ops ops(pool);
  constexpr std::int64_t kRows = 700, kChannels = 16;
  const Halves x = random_halves(kRows * kChannels, 1), dy = random_halves(kRows * kChannels, 2);
  const Floats gamma = random_floats(kChannels, 3), beta = random_floats(kChannels, 4);
  for (const bool relu : {false, true}) {
    const BatchNormResult expected = run_batch_norm(ops, relu, floats(x), gamma, beta, floats(dy));
    Floats mean(gamma.size()), variance(gamma.size()), dgamma(gamma.size()), dbeta(gamma.size());
    Halves y(x.size()), dx = dy;
    batch_moments(ops, matrix(x, kChannels), mean.data(), variance.data());
    const ChannelNorm norm{mean.data(), variance.data(), gamma.data(), beta.data(), relu};
    batch_norm_forward(ops, norm, matrix(x, kChannels), matrix(y, kChannels));
    batch_norm_backward(ops, norm, matrix(dx, kChannels), matrix(x, kChannels), dgamma.data(),
                        dbeta.data());
    CHECK(same_bits(y, rounded(expected.y)));
    CHECK(same_bits(dx, rounded(expected.dx)));
    CHECK(same_bits(dgamma, expected.dgamma));
    CHECK(same_bits(dbeta, expected.dbeta));
  }
}
