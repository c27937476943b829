// Kernels on rows of channels: batch norm's and max pooling's.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "../halves.h"
#include "../reference.h"
#include "catch.h"
#include "tables.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kRows = 5;

// Rows of channels and what batch norm knows of each channel.
struct Channels {
  explicit Channels(std::int64_t channels)
      : width(channels),
        x(random_floats(kRows * width, 1, 3.0f)),
        dy(random_floats(kRows * width, 2)),
        mean(random_floats(width, 3)),
        scale(random_floats(width, 4)),
        shift(random_floats(width, 5)) {}
  BatchNormRow row(bool relu) const {
    return {width, mean.data(), scale.data(), shift.data(), relu};
  }
  double centered(std::size_t i) const { return wide(x[i]) - wide(mean[channel(i)]); }
  double value(std::size_t i) const {
    return centered(i) * wide(scale[channel(i)]) + wide(shift[channel(i)]);
  }
  std::size_t channel(std::size_t i) const { return i % static_cast<std::size_t>(width); }

  std::int64_t width;
  Floats x, dy, mean, scale, shift;
};

}  // namespace

TEST_CASE("Sums of channels, and squares around their own mean, are those of plain loops") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Channels c(n);
    Doubles sums(c.mean.size()), squares(sums.size());
    for (std::size_t i = 0; i < c.x.size(); ++i) sums[c.channel(i)] += wide(c.x[i]);
    for (std::size_t i = 0; i < c.x.size(); ++i) {
      squares[c.channel(i)] += std::pow(wide(c.x[i]) - sums[c.channel(i)] / kRows, 2);
    }
    Floats found(sums.size()), found_squares(sums.size());
    simd.on_float32.moments(c.x.data(), kRows, n, found.data(), found_squares.data());
    CHECK(distance(found, sums) < 1e-6);
    CHECK(distance(found_squares, squares) < 1e-6);
  });
}

TEST_CASE("Batch norm's kernels are those of the formula, with and without ReLU") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Channels c(n);
    for (const bool relu : {false, true}) {
      const auto passes = [&](std::size_t i) { return !relu || c.value(i) > 0; };
      const auto gradient = [&](std::size_t i) { return passes(i) ? wide(c.dy[i]) : 0.0; };
      Floats y(c.x.size());
      simd.on_float32.batch_norm_forward(c.x.data(), kRows, c.row(relu), y.data());
      CHECK(distance(y, entrywise(c.x, [&](std::size_t i) {
                       return passes(i) ? c.value(i) : 0.0;
                     })) < 1e-6);
      Floats dgamma(c.mean.size()), dbeta(c.mean.size());
      simd.on_float32.batch_norm_sums(c.dy.data(), c.x.data(), kRows, c.row(relu), dgamma.data(),
                                      dbeta.data());
      Doubles of_gamma(dgamma.size()), of_beta(dbeta.size());
      for (std::size_t i = 0; i < c.x.size(); ++i) {
        of_gamma[c.channel(i)] += gradient(i) * c.centered(i);
        of_beta[c.channel(i)] += gradient(i);
      }
      CHECK(distance(dgamma, of_gamma) < 2e-6);
      CHECK(distance(dbeta, of_beta) < 2e-6);
      Floats dx = c.dy;
      const Floats &slope = c.shift, &offset = c.mean;  // any numbers
      simd.on_float32.batch_norm_backward(dx.data(), c.x.data(), kRows, c.row(relu), slope.data(),
                                          offset.data());
      CHECK(distance(dx, entrywise(c.x, [&](std::size_t i) {
                       return gradient(i) * wide(c.scale[c.channel(i)]) -
                              c.centered(i) * wide(slope[c.channel(i)]) -
                              wide(offset[c.channel(i)]);
                     })) < 2e-6);
    }
  });
}

TEST_CASE("The larger entry is kept with its number, a NaN always, and gets what is added") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats x = random_floats(n, 1), start = random_floats(n, 2);
    Floats largest = start, with_nan = x;
    with_nan.back() = std::numeric_limits<float>::quiet_NaN();
    std::vector<std::uint8_t> which(x.size(), 3);
    simd.on_float32.keep_larger(largest.data(), which.data(), with_nan.data(), 9, n);
    CHECK(std::isnan(largest.back()));
    CHECK(which.back() == 9);
    bool kept = true;
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      kept &= largest[i] == std::max(x[i], start[i]) && which[i] == (x[i] > start[i] ? 9 : 3);
    }
    CHECK(kept);
    Floats to = start;
    simd.on_float32.add_where(to.data(), x.data(), which.data(), 9, n);
    bool added = true;
    for (std::size_t i = 0; i < x.size(); ++i) {
      added &= to[i] == (which[i] == 9 ? start[i] + x[i] : start[i]);
    }
    CHECK(added);
  });
}

TEST_CASE("Of bfloat16 entries the same kernels give what float32 gives of them, rounded") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const auto& half = simd.on_bfloat16;
    const auto& full = simd.on_float32;
    const Channels c(n);
    const Halves x = rounded(c.x), dy = rounded(c.dy);
    const Floats wide_x = floats(x), wide_dy = floats(dy);
    Floats sums(c.mean.size()), squares = sums, full_sums = sums, full_squares = sums;
    half.moments(x.data(), kRows, n, sums.data(), squares.data());
    full.moments(wide_x.data(), kRows, n, full_sums.data(), full_squares.data());
    CHECK(same_bits(sums, full_sums));
    CHECK(same_bits(squares, full_squares));
    for (const bool relu : {false, true}) {
      Halves y = x, dx = dy;
      Floats full_y = wide_x, full_dx = wide_dy;
      half.batch_norm_forward(x.data(), kRows, c.row(relu), y.data());
      full.batch_norm_forward(wide_x.data(), kRows, c.row(relu), full_y.data());
      CHECK(same_bits(y, rounded(full_y)));
      half.batch_norm_sums(dy.data(), x.data(), kRows, c.row(relu), sums.data(), squares.data());
      full.batch_norm_sums(wide_dy.data(), wide_x.data(), kRows, c.row(relu), full_sums.data(),
                           full_squares.data());
      CHECK(same_bits(sums, full_sums));
      CHECK(same_bits(squares, full_squares));
      half.batch_norm_backward(dx.data(), x.data(), kRows, c.row(relu), sums.data(),
                               squares.data());
      full.batch_norm_backward(full_dx.data(), wide_x.data(), kRows, c.row(relu), sums.data(),
                               squares.data());
      CHECK(same_bits(dx, rounded(full_dx)));
    }
    Halves largest = dy;
    Floats full_largest = wide_dy;
    std::vector<std::uint8_t> which(dy.size(), 3), full_which = which;
    half.keep_larger(largest.data(), which.data(), x.data(), 9, n);
    full.keep_larger(full_largest.data(), full_which.data(), wide_x.data(), 9, n);
    CHECK(same_bits(floats(largest), full_largest));
    CHECK(same_bits(which, full_which));
    Floats to = c.mean, full_to = c.mean;
    half.add_where(to.data(), x.data(), which.data(), 9, n);
    full.add_where(full_to.data(), wide_x.data(), which.data(), 9, n);
    CHECK(same_bits(to, full_to));
  });
}
