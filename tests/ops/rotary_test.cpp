#include "ops/rotary.h"

#include <omp.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "reference.h"

using namespace pipetrain;

TEST_CASE("A rotation turns pairs of halves by the published angles, and leaves the rest alone") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t tokens = 9, rows = 2 * tokens, heads = 3, width = 10, half = width / 2;
  const std::int64_t stride = 4 * width;  // one head more, which stays
  const RotaryTable table({12, width, 500.0});
  const Floats x = random_floats(rows * stride, 1);
  Doubles expected = widened(x);
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < heads * half; ++i) {
      const double frequency =
          std::pow(500.0, -2.0 * static_cast<double>(i % half) / static_cast<double>(width));
      const double angle = static_cast<double>(row % tokens) * frequency;
      const auto a = static_cast<std::size_t>(row * stride + i / half * width + i % half);
      const auto b = a + static_cast<std::size_t>(half);
      const double real = expected[a], imaginary = expected[b];
      expected[a] = real * std::cos(angle) - imaginary * std::sin(angle);
      expected[b] = imaginary * std::cos(angle) + real * std::sin(angle);
    }
  }
  Floats turned = x;
  rotate(ops, table, Rotation::kForward, {heads, width, tokens}, matrix(turned, stride));
  CHECK(distance(turned, expected) < 2e-7);
  rotate(ops, table, Rotation::kBack, {heads, width, tokens}, matrix(turned, stride));
  CHECK(distance(turned, widened(x)) < 3e-7);
}

TEST_CASE("The product of a turned query and a turned key depends on their distance alone") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t tokens = 300, width = 64;
  const RotaryTable table({tokens, width});
  const Floats query = random_floats(width, 1), key = random_floats(width, 2);
  Floats queries, keys;  // the same one at every position
  for (std::int64_t t = 0; t < tokens; ++t) {
    queries.insert(queries.end(), query.begin(), query.end());
    keys.insert(keys.end(), key.begin(), key.end());
  }
  for (Floats* x : {&queries, &keys}) {
    rotate(ops, table, Rotation::kForward, {1, width, tokens}, matrix(*x, width));
  }
  auto product = [&](std::int64_t q, std::int64_t k) {
    return ops.simd().on_float32.dot(queries.data() + q * width, keys.data() + k * width, width);
  };
  for (const std::int64_t distance : {0, 1, 17, 150}) {
    CAPTURE(distance);
    for (std::int64_t k = 1; k + distance < tokens; ++k) {
      REQUIRE(product(k + distance, k) == Approx(product(distance, 0)).margin(2e-5));
    }
  }
  CHECK(std::fabs(product(1, 0) - product(0, 0)) > 1e-2f);
  CHECK(std::fabs(product(1, 0) - product(0, 1)) > 1e-2f);
}

TEST_CASE("Entries of a head behind the table's width stay as they are") {
  MemoryPool pool;
  Ops ops(pool);
  const std::int64_t tokens = 5, heads = 2, width = 6, head_width = 9;
  const RotaryTable table({tokens, width, 500.0});
  const Floats x = random_floats(tokens * heads * head_width, 1);
  Floats turned = x, front;  // the front of each head alone, as one whole
  rotate(ops, table, Rotation::kForward, {heads, head_width, tokens},
         matrix(turned, heads * head_width));
  for (std::int64_t head = 0; head < tokens * heads; ++head) {
    const auto at = x.begin() + head * head_width;
    front.insert(front.end(), at, at + width);
  }
  rotate(ops, table, Rotation::kForward, {heads, width, tokens}, matrix(front, heads * width));
  for (std::int64_t i = 0; i < tokens * heads * head_width; ++i) {
    const std::int64_t head = i / head_width, entry = i % head_width;
    const auto at = static_cast<std::size_t>(i);
    REQUIRE(turned[at] ==
            (entry < width ? front[static_cast<std::size_t>(head * width + entry)] : x[at]));
  }
}

TEST_CASE("Stretched positions turn by smaller angles: all of them, or the slow ones") {
  const std::int64_t width = 32;
  const RotaryScaling llama3{RotaryStretch::kLlama3, 8, 1, 4, 64};
  const RotaryTable plain({4, width}), linear({4, width, 10000, {RotaryStretch::kLinear, 4}}),
      by_parts({4, width, 10000, llama3});
  for (std::int64_t i = 0; i < width / 2; ++i) {
    CAPTURE(i);
    const double angle =
        3 * std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(width));
    CHECK(plain.sines(3)[i] == Approx(std::sin(angle)).margin(1e-7));
    CHECK(linear.sines(3)[i] == Approx(std::sin(angle / 4)).margin(1e-7));
    const double turns = 64 * angle / 3 / (2 * 3.14159265358979);
    const double kept = turns > 4 ? 1 : turns < 1 ? 0 : (turns - 1) / 3;
    CHECK(by_parts.sines(3)[i] == Approx(std::sin(angle * (kept + (1 - kept) / 8))).margin(1e-7));
  }
}

TEST_CASE("Rotations give the same bits at 1 and 2 threads") {
  MemoryPool pool;
  Ops ops(pool);
  const int threads = omp_get_max_threads();
  const RotaryTable table({70, 48});
  const Floats x = random_floats(3 * 70 * 6 * 48, 1);
  Floats results[] = {x, x};
  for (const int count : {1, 2}) {
    omp_set_num_threads(count);
    rotate(ops, table, Rotation::kForward, {4, 48, 70}, matrix(results[count - 1], 6 * 48));
  }
  omp_set_num_threads(threads);
  CHECK(same_bits(results[0], results[1]));
}
