#include "ops/normalization.h"

#include <omp.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.h"
#include "reference.h"

using namespace pipetrain;

namespace {

Doubles plain_layer_norm(const Doubles& x, const Doubles& gamma, const Doubles& beta) {
  const std::size_t width = gamma.size();
  Doubles y;
  for (std::size_t row = 0; row < x.size() / width; ++row) {
    double mean = 0, variance = 0;
    for (std::size_t i = 0; i < width; ++i) mean += x[row * width + i];
    mean /= static_cast<double>(width);
    for (std::size_t i = 0; i < width; ++i) variance += std::pow(x[row * width + i] - mean, 2);
    const double rstd = 1 / std::sqrt(variance / static_cast<double>(width) + double{kNormEpsilon});
    for (std::size_t i = 0; i < width; ++i) {
      y.push_back((x[row * width + i] - mean) * rstd * gamma[i] + beta[i]);
    }
  }
  return y;
}

struct Result {
  Floats normalized, rstd, y, replayed, dx, dgamma, dbeta;
};

Result run(Ops& ops, const Floats& x, const Floats& gamma, const Floats& beta, const Floats& dy,
           ConstMatrix skip) {
  const auto width = static_cast<std::int64_t>(gamma.size());
  Result r{Floats(x.size()),
           Floats(x.size() / gamma.size()),
           Floats(x.size()),
           Floats(x.size()),
           dy,
           Floats(gamma.size()),
           Floats(gamma.size())};
  const NormScale scale{gamma.data(), beta.data()};
  layer_norm_forward(ops, scale, matrix(x, width), matrix(r.normalized, width), r.rstd.data(),
                     matrix(r.y, width));
  norm_replay(ops, scale, matrix(r.normalized, width), matrix(r.replayed, width));
  layer_norm_backward(ops, gamma.data(), matrix(r.dx, width), matrix(r.normalized, width),
                      r.rstd.data(), skip, r.dgamma.data(), r.dbeta.data());
  return r;
}

}  // namespace

TEST_CASE("Layer norm and its gradients are those of the formula") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t shapes[][2] = {{1, 5}, {3, 7}, {70, 13}, {2, 130}, {129, 16}};
  for (const auto& [rows, width] : shapes) {
    CAPTURE(rows, width);
    const Floats x = random_floats(rows * width, 1, 3.0f), dy = random_floats(rows * width, 2);
    const Floats gamma = random_floats(width, 3), beta = random_floats(width, 4);
    const Doubles wide_x = widened(x), wide_gamma = widened(gamma), wide_beta = widened(beta);
    const Result r = run(ops, x, gamma, beta, dy, nullptr);
    CHECK(distance(r.y, plain_layer_norm(wide_x, wide_gamma, wide_beta)) < 2e-6);
    CHECK(same_bits(r.replayed, r.y));
    CHECK(gradient_distance(wide_x, r.dx, 1, [&](const Doubles& at) {
            return weighted_sum(plain_layer_norm(at, wide_gamma, wide_beta), dy);
          }) < 2e-5);
    CHECK(gradient_distance(wide_gamma, r.dgamma, 1, [&](const Doubles& at) {
            return weighted_sum(plain_layer_norm(wide_x, at, wide_beta), dy);
          }) < 1e-5);
    CHECK(gradient_distance(wide_beta, r.dbeta, 1, [&](const Doubles& at) {
            return weighted_sum(plain_layer_norm(wide_x, wide_gamma, at), dy);
          }) < 1e-5);
    const Floats skip = random_floats(rows * width, 5);
    Doubles with_skip = widened(r.dx);
    for (std::size_t i = 0; i < skip.size(); ++i) with_skip[i] += static_cast<double>(skip[i]);
    CHECK(distance(run(ops, x, gamma, beta, dy, matrix(skip, width)).dx, with_skip) < 1e-6);
  }
}

TEST_CASE("Layer norm in place, again, and at 1 and 2 threads gives the same bits") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const std::int64_t rows = 200, width = 96;
  const Floats x = random_floats(rows * width, 1), dy = random_floats(rows * width, 2);
  const Floats gamma = random_floats(width, 3), beta = random_floats(width, 4);
  omp_set_num_threads(1);
  const Result one = run(ops, x, gamma, beta, dy, matrix(x, width));
  const Result again = run(ops, x, gamma, beta, dy, matrix(x, width));
  omp_set_num_threads(2);
  const Result two = run(ops, x, gamma, beta, dy, matrix(x, width));
  omp_set_num_threads(threads);
  for (const Result& other : {again, two}) {
    CHECK(same_bits(one.y, other.y));
    CHECK(same_bits(one.rstd, other.rstd));
    CHECK(same_bits(one.dx, other.dx));
    CHECK(same_bits(one.dgamma, other.dgamma));
    CHECK(same_bits(one.dbeta, other.dbeta));
  }
  Floats in_place = x, rstd(static_cast<std::size_t>(rows)), y(x.size());
  layer_norm_forward(ops, {gamma.data(), beta.data()}, matrix(in_place, width),
                     matrix(in_place, width), rstd.data(), matrix(y, width));
  CHECK(same_bits(in_place, one.normalized));
  CHECK(same_bits(y, one.y));
}

TEST_CASE("RMS norm and its gradients are those of the formula, in place too") {
  MemoryPool pool;
  Ops ops(pool);
  auto plain = [](const Doubles& x, const Doubles& gamma) {
    const std::size_t width = gamma.size();
    Doubles y;
    for (std::size_t row = 0; row < x.size() / width; ++row) {
      double squares = 0;
      for (std::size_t i = 0; i < width; ++i) squares += std::pow(x[row * width + i], 2);
      const double rstd =
          1 / std::sqrt(squares / static_cast<double>(width) + double{kNormEpsilon});
      for (std::size_t i = 0; i < width; ++i) y.push_back(x[row * width + i] * rstd * gamma[i]);
    }
    return y;
  };
  const std::int64_t shapes[][2] = {{1, 5}, {3, 7}, {70, 13}, {2, 130}, {129, 16}};
  for (const auto& [rows, width] : shapes) {
    CAPTURE(rows, width);
    const Floats x = random_floats(rows * width, 1, 3.0f), dy = random_floats(rows * width, 2);
    const Floats gamma = random_floats(width, 3), skip = random_floats(rows * width, 4);
    Floats normalized = x, rstd(static_cast<std::size_t>(rows)), y(x.size()), replayed(x.size());
    Floats dx = dy, with_skip = dy, dgamma(gamma.size());
    rms_norm_forward(ops, {gamma.data()}, matrix(x, width), matrix(normalized, width), rstd.data(),
                     matrix(y, width));
    Floats in_place = x;
    rms_norm_forward(ops, {gamma.data()}, matrix(in_place, width), matrix(in_place, width),
                     rstd.data(), matrix(replayed, width));
    CHECK(same_bits(in_place, normalized));
    CHECK(same_bits(replayed, y));
    norm_replay(ops, {gamma.data()}, matrix(normalized, width), matrix(replayed, width));
    CHECK(same_bits(replayed, y));
    CHECK(distance(y, plain(widened(x), widened(gamma))) < 2e-6);
    rms_norm_backward(ops, gamma.data(), matrix(dx, width), matrix(normalized, width), rstd.data(),
                      nullptr, dgamma.data());
    CHECK(gradient_distance(widened(x), dx, 1, [&](const Doubles& at) {
            return weighted_sum(plain(at, widened(gamma)), dy);
          }) < 2e-5);
    CHECK(gradient_distance(widened(gamma), dgamma, 1, [&](const Doubles& at) {
            return weighted_sum(plain(widened(x), at), dy);
          }) < 1e-5);
    rms_norm_backward(ops, gamma.data(), matrix(with_skip, width), matrix(normalized, width),
                      rstd.data(), matrix(skip, width), dgamma.data());
    Doubles expected = widened(dx);
    for (std::size_t i = 0; i < skip.size(); ++i) expected[i] += static_cast<double>(skip[i]);
    CHECK(distance(with_skip, expected) < 1e-6);
  }
}

TEST_CASE("RMS norm gives the same bits at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const std::int64_t rows = 200, width = 96;
  const Floats x = random_floats(rows * width, 1), gamma = random_floats(width, 2);
  std::vector<Floats> results;
  for (const int count : {1, 2}) {
    omp_set_num_threads(count);
    Floats normalized(x.size()), rstd(static_cast<std::size_t>(rows)), y(x.size()), dx = x;
    Floats dgamma(gamma.size());
    rms_norm_forward(ops, {gamma.data()}, matrix(x, width), matrix(normalized, width), rstd.data(),
                     matrix(y, width));
    rms_norm_backward(ops, gamma.data(), matrix(dx, width), matrix(normalized, width), rstd.data(),
                      matrix(x, width), dgamma.data());
    y.insert(y.end(), dx.begin(), dx.end());
    y.insert(y.end(), dgamma.begin(), dgamma.end());
    results.push_back(y);
  }
  omp_set_num_threads(threads);
  CHECK(same_bits(results[0], results[1]));
}

TEST_CASE("Layer norm without beta is layer norm with a beta of zero") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t rows = 9, width = 21;
  const Floats x = random_floats(rows * width, 1), gamma = random_floats(width, 2), zero(width);
  Floats normalized(x.size()), rstd(static_cast<std::size_t>(rows)), with(x.size()), y(x.size());
  layer_norm_forward(ops, {gamma.data(), zero.data()}, matrix(x, width), matrix(normalized, width),
                     rstd.data(), matrix(with, width));
  layer_norm_forward(ops, {gamma.data()}, matrix(x, width), matrix(normalized, width), rstd.data(),
                     matrix(y, width));
  CHECK(same_bits(with, y));
  norm_replay(ops, {gamma.data()}, matrix(normalized, width), matrix(y, width));
  CHECK(same_bits(with, y));
}

TEST_CASE("A norm's epsilon is added to the variance, or to the mean of the squares") {
  MemoryPool pool;
  Ops ops(pool);
  const Floats x = {1, -1}, ones = {1, 1};
  Floats normalized(2), rstd(1), y(2);
  layer_norm_forward(ops, {ones.data(), nullptr, /*epsilon=*/3}, matrix(x, 2),
                     matrix(normalized, 2), rstd.data(), matrix(y, 2));
  CHECK(y == Floats{0.5f, -0.5f});
  rms_norm_forward(ops, {ones.data(), nullptr, /*epsilon=*/8}, matrix(x, 2), matrix(normalized, 2),
                   rstd.data(), matrix(y, 2));
  CHECK(y == Floats{1.0f / 3, -1.0f / 3});
}
