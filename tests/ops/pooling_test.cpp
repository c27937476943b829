#include "ops/pooling.h"

#include <omp.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.h"
#include "halves.h"
#include "reference.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kImages = 3, kChannels = 19;

const std::vector<PoolShape> kPools = {
    {.image = {6, 8}, .window = {{2, 2}, {2, 2}}},          // neighbours
    {.image = {7, 5}, .window = {{3, 3}, {2, 2}, {1, 1}}},  // overlapping, with padding
    {.image = {1, 11}, .window = {{1, 4}, {1, 3}}},  // a sequence, whose last token is unused
};

std::int64_t out_pixels(const PoolShape& s) { return s.window.over(s.image).pixels(); }

// body(index of the output entry, of the input entry, number of the pixel in the window), a
// window's pixels in order.
template <class Body>
void for_each_pair(const PoolShape& s, const Body& body) {
  const auto& [kernel, stride, padding] = s.window;
  const Plane out = s.window.over(s.image);
  for (std::int64_t entry = 0; entry < kImages * out.pixels() * kChannels; ++entry) {
    const std::int64_t channel = entry % kChannels, pixel = entry / kChannels % out.pixels();
    const std::int64_t image = entry / kChannels / out.pixels();
    for (std::int64_t k = 0; k < kernel.pixels(); ++k) {
      const std::int64_t y = pixel / out.width * stride.height + k / kernel.width - padding.height;
      const std::int64_t x = pixel % out.width * stride.width + k % kernel.width - padding.width;
      if (y < 0 || y >= s.image.height || x < 0 || x >= s.image.width) continue;
      const std::int64_t from = (image * s.image.height + y) * s.image.width + x;
      body(static_cast<std::size_t>(entry), static_cast<std::size_t>(from * kChannels + channel),
           static_cast<std::uint8_t>(k));
    }
  }
}

struct Pooled {
  Floats y, dx;
  std::vector<std::uint8_t> which;
};

Pooled max_pool(const PoolShape& s, const Floats& x, const Floats& dy) {
  MemoryPool pool;
  Ops ops(pool);
  Pooled made{Floats(dy.size()), Floats(x.size()), std::vector<std::uint8_t>(dy.size())};
  max_pool_forward(ops, s, matrix(x, kChannels), matrix(made.y, kChannels), made.which.data());
  max_pool_backward(ops, s, matrix(dy, kChannels), made.which.data(), matrix(made.dx, kChannels));
  return made;
}

Pooled average_pool(const PoolShape& s, const Floats& x, const Floats& dy) {
  MemoryPool pool;
  Ops ops(pool);
  Pooled made{Floats(dy.size()), Floats(x.size()), {}};
  average_pool_forward(ops, s, matrix(x, kChannels), matrix(made.y, kChannels));
  average_pool_backward(ops, s, matrix(dy, kChannels), matrix(made.dx, kChannels));
  return made;
}

}  // namespace

TEST_CASE("Max pooling keeps the first of the largest, and gives it the gradient") {
  for (const PoolShape& s : kPools) {
    CAPTURE(s.image.height, s.image.width);
    Floats x = random_floats(kImages * s.image.pixels() * kChannels, 1);
    for (float& value : x) value = std::round(2 * value);  // many equals
    const Floats dy = random_floats(kImages * out_pixels(s) * kChannels, 2);
    Pooled expected{Floats(dy.size(), -std::numeric_limits<float>::infinity()), Floats(x.size()),
                    std::vector<std::uint8_t>(dy.size())};
    std::vector<std::size_t> winners(dy.size());
    for_each_pair(s, [&](std::size_t to, std::size_t from, std::uint8_t number) {
      if (x[from] <= expected.y[to]) return;
      expected.y[to] = x[from];
      expected.which[to] = number;
      winners[to] = from;
    });
    for (std::size_t i = 0; i < dy.size(); ++i) expected.dx[winners[i]] += dy[i];
    const Pooled found = max_pool(s, x, dy);
    CHECK(same_bits(found.y, expected.y));
    CHECK(same_bits(found.which, expected.which));
    CHECK(distance(found.dx, widened(expected.dx)) < 1e-6);
  }
}

TEST_CASE("A NaN wins every window that sees it") {
  const PoolShape& s = kPools[1];
  Floats x = random_floats(kImages * s.image.pixels() * kChannels, 1);
  const std::size_t bad = (2 * 5 + 2) * kChannels + 7;  // of the first image
  x[bad] = std::numeric_limits<float>::quiet_NaN();
  const Pooled found =
      max_pool(s, x, Floats(static_cast<std::size_t>(kImages * out_pixels(s) * kChannels)));
  std::vector<bool> sees(found.y.size());
  for_each_pair(s, [&](std::size_t to, std::size_t from, std::uint8_t) {
    if (from == bad) sees[to] = true;
  });
  for (std::size_t i = 0; i < sees.size(); ++i) REQUIRE(std::isnan(found.y[i]) == sees[i]);
}

TEST_CASE("Average pooling counts padding as zeros, and spreads the gradient evenly") {
  for (const PoolShape& s : kPools) {
    CAPTURE(s.image.height, s.image.width);
    const Floats x = random_floats(kImages * s.image.pixels() * kChannels, 1);
    const Floats dy = random_floats(kImages * out_pixels(s) * kChannels, 2);
    Doubles y(dy.size()), dx(x.size());
    const double share = 1 / static_cast<double>(s.window.kernel.pixels());
    for_each_pair(s, [&](std::size_t to, std::size_t from, std::uint8_t) {
      y[to] += share * static_cast<double>(x[from]);
      dx[from] += share * static_cast<double>(dy[to]);
    });
    const Pooled found = average_pool(s, x, dy);
    CHECK(distance(found.y, y) < 1e-6);
    CHECK(distance(found.dx, dx) < 1e-6);
  }
}

TEST_CASE("Pooling gives the same bits at 1 and 2 threads") {
  const int threads = omp_get_max_threads();
  const PoolShape& s = kPools[1];
  const Floats x = random_floats(kImages * s.image.pixels() * kChannels, 1);
  const Floats dy = random_floats(kImages * out_pixels(s) * kChannels, 2);
  for (const auto pool : {max_pool, average_pool}) {
    omp_set_num_threads(1);
    const Pooled one = pool(s, x, dy);
    omp_set_num_threads(2);
    const Pooled two = pool(s, x, dy);
    omp_set_num_threads(threads);
    CHECK(same_bits(one.y, two.y));
    CHECK(same_bits(one.dx, two.dx));
  }
}

TEST_CASE("The mean over rows and its gradient are those of plain loops, of bfloat16 too") {
  MemoryPool pool;
  Ops ops(pool);
  constexpr std::int64_t kRows = 7;
  const Halves x = random_halves(kImages * kRows * kChannels, 1);
  const Halves dy = random_halves(kImages * kChannels, 2);
  const Floats wide_x = floats(x), wide_dy = floats(dy);
  Doubles mean(dy.size()), gradient;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t to = i / (kRows * kChannels) * kChannels + i % kChannels;
    mean[to] += static_cast<double>(wide_x[i]) / kRows;
    gradient.push_back(static_cast<double>(wide_dy[to]) / kRows);
  }
  Floats y(dy.size()), dx(x.size());
  mean_rows_forward(ops, matrix(wide_x, kChannels), matrix(y, kChannels));
  mean_rows_backward(ops, matrix(wide_dy, kChannels), matrix(dx, kChannels));
  CHECK(distance(y, mean) < 1e-6);
  CHECK(distance(dx, gradient) < 1e-6);
  Halves half_y(dy.size()), half_dx(x.size());
  mean_rows_forward(ops, matrix(x, kChannels), matrix(half_y, kChannels));
  mean_rows_backward(ops, matrix(dy, kChannels), matrix(half_dx, kChannels));
  CHECK(same_bits(half_y, rounded(y)));
  CHECK(same_bits(half_dx, rounded(dx)));
}

TEST_CASE("Pooling of bfloat16 sums in float32 and rounds once") {
  MemoryPool pool;
  Ops ops(pool);
  for (const PoolShape& s : kPools) {
    CAPTURE(s.image.height, s.image.width);
    const Halves x = random_halves(kImages * s.image.pixels() * kChannels, 1);
    const Halves dy = random_halves(kImages * out_pixels(s) * kChannels, 2);
    const Pooled largest = max_pool(s, floats(x), floats(dy));
    const Pooled mean = average_pool(s, floats(x), floats(dy));
    Halves y(dy.size()), dx(x.size());
    std::vector<std::uint8_t> which(dy.size());
    max_pool_forward(ops, s, matrix(x, kChannels), matrix(y, kChannels), which.data());
    max_pool_backward(ops, s, matrix(dy, kChannels), which.data(), matrix(dx, kChannels));
    CHECK(same_bits(which, largest.which));
    CHECK(same_bits(y, rounded(largest.y)));
    CHECK(same_bits(dx, rounded(largest.dx)));
    average_pool_forward(ops, s, matrix(x, kChannels), matrix(y, kChannels));
    average_pool_backward(ops, s, matrix(dy, kChannels), matrix(dx, kChannels));
    CHECK(same_bits(y, rounded(mean.y)));
    CHECK(same_bits(dx, rounded(mean.dx)));
  }
}
