// Kernels and operations on bfloat16: what float32 makes of the same rounded inputs, rounded.
#include "ops/bfloat16.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "ops/activation.h"
#include "ops/attention.h"
#include "ops/bfloat16_products.h"
#include "ops/cross_entropy.h"
#include "ops/linear.h"
#include "ops/normalization.h"
#include "ops/simd/select.h"
#include "reference.h"

using namespace pipetrain;

namespace {

constexpr double kRounding = 1.0 / 256;  // the largest relative error of one

using Halves = std::vector<BFloat16>;

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

Floats floats(const Halves& halves) {
  Floats values;
  for (const BFloat16 half : halves) {
    values.push_back(float_of(static_cast<std::uint32_t>(half.bits) << 16));
  }
  return values;
}

// To the nearer of the two neighbours, in double precision; at a tie to the even one.
std::uint16_t nearest(float value) {
  const std::uint32_t bits = bits_of(value);
  const std::uint32_t down = bits >> 16, up = down + 1;
  const auto at = [](std::uint32_t half) { return static_cast<double>(float_of(half << 16)); };
  // Beyond the largest number the next one would be 2^128.
  const double above = std::isinf(at(up)) ? std::copysign(0x1p128, at(up)) : at(up);
  const double wide = static_cast<double>(value);
  const double to_down = std::fabs(wide - at(down)), to_up = std::fabs(above - wide);
  if (to_down == to_up) return static_cast<std::uint16_t>((down & 1) == 0 ? down : up);
  return static_cast<std::uint16_t>(to_down < to_up ? down : up);
}

Halves rounded(const Floats& values) {
  Halves halves;
  for (const float value : values) halves.push_back({nearest(value)});
  return halves;
}

Halves random_halves(std::int64_t n, unsigned seed, float width = 1.0f) {
  return rounded(random_floats(n, seed, width));
}

Doubles wide(const Halves& halves) { return widened(floats(halves)); }

}  // namespace

TEST_CASE("bfloat16 is rounded to nearest, of two to the even one, in every table") {
  Floats values = {0.0f, -0.0f, 1.0f, 3.3895314e38f, 3.4e38f, -3.4028235e38f, 1e-40f, INFINITY};
  for (std::uint32_t half : {0x3f80u, 0x3f81u, 0xc000u, 0x0001u, 0x7f7eu}) {  // ties and beside
    for (const std::uint32_t low : {0x7fffu, 0x8000u, 0x8001u}) {
      values.push_back(float_of(half << 16 | low));
    }
  }
  const Floats random = random_floats(1000, 1, 1e3f);
  values.insert(values.end(), random.begin(), random.end());
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    Halves halves(values.size());
    simd->on_bfloat16.round(values.data(), halves.data(), static_cast<std::int64_t>(values.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      CAPTURE(simd->name, values[i]);
      REQUIRE(halves[i].bits == (std::isinf(values[i]) ? 0x7f80 : nearest(values[i])));
    }
    // A NaN whose upper bits alone would be infinity.
    const float nan = float_of(0x7f800001);
    Halves not_a_number(17);
    simd->on_bfloat16.round(Floats(17, nan).data(), not_a_number.data(), 17);
    for (const float value : floats(not_a_number)) CHECK(std::isnan(value));
    CHECK(not_a_number[0].bits == 0x7fc0);
    CHECK_FALSE(simd->on_bfloat16.all_finite(not_a_number.data(), 17));
    Floats again(halves.size());
    simd->on_bfloat16.widen(halves.data(), again.data(), static_cast<std::int64_t>(halves.size()));
    CHECK(same_bits(again, floats(halves)));
  }
}

TEST_CASE("Kernels on bfloat16 give what those on float32 give, rounded, in every table") {
  for (const SimdKernels* table : runnable_simd_kernels()) {
    for (const std::int64_t n : {1, 7, 16, 33, 130}) {
      CAPTURE(table->name, n);
      const auto& half = table->on_bfloat16;
      const auto& full = table->on_float32;
      const Halves x = random_halves(n, 1, 3.0f), other = random_halves(n, 2, 3.0f);
      const Floats gamma = random_floats(n, 3), beta = random_floats(n, 4);
      Halves y(x.size()), dy = other, kept = x;
      Floats fy(x.size()), fdy = floats(other), fkept = floats(x);
      const auto same = [&](const char* what) {
        INFO(what);
        CHECK(distance(floats(y), widened(fy)) < kRounding);
        CHECK(distance(floats(dy), widened(fdy)) < kRounding);
        CHECK(distance(floats(kept), widened(fkept)) < kRounding);
        dy = other, kept = x;
        fdy = floats(other), fkept = floats(x);
      };
      half.gelu_forward(x.data(), y.data(), n);
      full.gelu_forward(floats(x).data(), fy.data(), n);
      half.gelu_backward(dy.data(), kept.data(), n);
      full.gelu_backward(fdy.data(), fkept.data(), n);
      same("gelu");
      half.silu_forward(x.data(), y.data(), n);
      full.silu_forward(floats(x).data(), fy.data(), n);
      half.silu_backward(dy.data(), kept.data(), n);
      full.silu_backward(fdy.data(), fkept.data(), n);
      same("silu");
      half.swiglu_forward(x.data(), other.data(), y.data(), n);
      full.swiglu_forward(floats(x).data(), floats(other).data(), fy.data(), n);
      Halves up = other;
      Floats fup = floats(other);
      half.swiglu_backward(dy.data(), kept.data(), up.data(), n);
      full.swiglu_backward(fdy.data(), fkept.data(), fup.data(), n);
      CHECK(distance(floats(up), widened(fup)) < kRounding);
      same("swiglu");
      half.multiply(x.data(), gamma.data(), y.data(), n);
      full.multiply(floats(x).data(), gamma.data(), fy.data(), n);
      half.add_product(dy.data(), beta.data(), gamma.data(), n);
      full.add_product(fdy.data(), beta.data(), gamma.data(), n);
      half.add(kept.data(), other.data(), n);
      full.add(fkept.data(), floats(other).data(), n);
      same("products and sums");
      Floats dgamma(x.size()), dbeta(x.size()), fdgamma(x.size()), fdbeta(x.size());
      const float rstd =
          half.layer_norm_forward(x.data(), gamma.data(), beta.data(), kept.data(), y.data(), n, 1);
      const float frstd = full.layer_norm_forward(floats(x).data(), gamma.data(), beta.data(),
                                                  fkept.data(), fy.data(), n, 1);
      CHECK(rstd == Approx(frstd).epsilon(1e-6));  // statistics are not rounded
      fkept = floats(kept);
      half.layer_norm_backward(dy.data(), kept.data(), gamma.data(), x.data(), rstd, dgamma.data(),
                               dbeta.data(), n);
      full.layer_norm_backward(fdy.data(), fkept.data(), gamma.data(), floats(x).data(), rstd,
                               fdgamma.data(), fdbeta.data(), n);
      CHECK(distance(dgamma, widened(fdgamma)) < 1e-6);
      CHECK(distance(dbeta, widened(fdbeta)) < 1e-6);
      CHECK(distance(floats(dy), widened(fdy)) < 2 * kRounding);
    }
  }
}

TEST_CASE("Products of bfloat16 are summed in float32 and rounded once") {
  constexpr std::int64_t kRows = 37, kIn = 300, kOut = 23;
  MemoryPool pool;
  Ops ops(pool);
  const Halves x = random_halves(kRows * kIn, 1), dy = random_halves(kRows * kOut, 2);
  Floats weight = random_floats(kOut * kIn, 3);
  const Floats bias = random_floats(kOut, 4);
  const auto expected = [&](const Halves* base) {
    const Doubles wide_x = wide(x), wide_weight = wide(rounded(weight));
    Doubles y;
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t j = 0; j < kOut; ++j) {
        double sum = static_cast<double>(bias[j]);
        for (std::size_t i = 0; i < kIn; ++i)
          sum += wide_x[row * kIn + i] * wide_weight[j * kIn + i];
        y.push_back(sum + (base == nullptr ? 0 : wide(*base)[row * kOut + j]));
      }
    }
    return y;
  };
  Floats y(kRows * kOut);
  linear_forward(ops, kRows, kIn, kOut, x.data(), weight.data(), bias.data(), y.data());
  CHECK(distance(y, expected(nullptr)) < 1e-6);
  const Halves base = random_halves(kRows * kOut, 5, 30.0f);
  Halves added = base;
  linear_forward(ops, kRows, kIn, kOut, x.data(), weight.data(), bias.data(), added.data(), true);
  const Doubles sums = expected(&base);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const double error = std::fabs(static_cast<double>(floats(added)[i]) - sums[i]);
    const double half_a_step = std::ldexp(1.0, std::ilogb(sums[i]) - 8);
    REQUIRE(error <= half_a_step + 1e-5);  // rounded once
  }

  Floats dweight(kOut * kIn), dbias(kOut), again;
  linear_backward_weight(ops, kRows, kIn, kOut, dy.data(), x.data(), dweight.data(), dbias.data(),
                         false);
  again = dweight;
  linear_backward_weight(ops, kRows, kIn, kOut, dy.data(), x.data(), again.data(), dbias.data(),
                         true);
  Doubles from_floats;
  for (std::size_t j = 0; j < kOut; ++j) {
    for (std::size_t i = 0; i < kIn; ++i) {
      double sum = 0;
      for (std::size_t row = 0; row < kRows; ++row) {
        sum += wide(dy)[row * kOut + j] * wide(x)[row * kIn + i];
      }
      from_floats.push_back(sum);
    }
    if (j == 2) break;  // some rows are enough
  }
  CHECK(distance(dweight.data(), from_floats) < 1e-6);
  for (double& value : from_floats) value *= 2;
  CHECK(distance(again.data(), from_floats) < 1e-6);
}

TEST_CASE("Products by instructions are those of float32 copies but for the order of sums") {
  if (!bfloat16_instructions()) {
    WARN("not compared: no bfloat16 instructions here");
    return;
  }
  MemoryPool pool;
  unsetenv(kEmulateBFloat16);
  Ops by_instructions(pool);
  setenv(kEmulateBFloat16, "1", 1);
  Ops of_copies(pool);
  unsetenv(kEmulateBFloat16);
  double largest = 0;
  for (const std::int64_t k : {3, 64, 257, 1024}) {
    for (const bool transposed : {false, true}) {
      const std::int64_t m = 37, n = 65;
      const Halves a = random_halves(m * k, 1), b = random_halves(k * n, 2);
      const MatmulShape shape{
          .m = m, .n = n, .k = k, .transpose_b = transposed, .dtype = DType::kBFloat16};
      Floats mine(static_cast<std::size_t>(m * n)), theirs(mine.size());
      by_instructions.matmul(shape, a.data(), b.data(), nullptr, mine.data());
      of_copies.matmul(shape, a.data(), b.data(), nullptr, theirs.data());
      largest = std::max(largest, distance(mine, widened(theirs)));
    }
  }
  INFO("the largest difference, relative to the largest entry: " << largest);
  CHECK(largest < 1e-5);
}

TEST_CASE("A user's wish for copies is heard, and nothing else is taken for one") {
  for (const char* value : {"", "0"}) {
    setenv(kEmulateBFloat16, value, 1);
    CHECK_FALSE(emulates_bfloat16());
    CHECK(multiplies_bfloat16() == bfloat16_instructions());
  }
  setenv(kEmulateBFloat16, "1", 1);
  CHECK(emulates_bfloat16());
  CHECK_FALSE(multiplies_bfloat16());
  setenv(kEmulateBFloat16, "yes", 1);
  CHECK_THROWS_AS(emulates_bfloat16(), Error);
  unsetenv(kEmulateBFloat16);
}

TEST_CASE("The copy of weights in bfloat16 is made once for each change of them") {
  MemoryPool pool;
  Ops ops(pool);
  Floats weights = {1.0f, 2.0f, 3.0f};
  const auto copy = [&] {
    const auto* halves =
        static_cast<const BFloat16*>(ops.weights_as(weights.data(), 3, DType::kBFloat16));
    return floats({halves, halves + 3});
  };
  CHECK(ops.weights_as(weights.data(), 3, DType::kFloat32) == weights.data());
  CHECK(copy() == weights);
  CHECK(copy() == weights);
  CHECK(ops.packings() == 1);
  weights[1] = 5.0f;
  ops.weights_changed();
  CHECK(copy() == weights);
  CHECK(ops.packings() == 2);
  const std::size_t used = pool.used_bytes();
  ops.forget_weights();
  CHECK(pool.used_bytes() < used);
}

TEST_CASE("Attention on bfloat16 is that on float32 with the same inputs, rounded") {
  MemoryPool pool;
  Ops ops(pool);
  for (const AttentionShape& shape :
       {AttentionShape{.batch = 2, .tokens = 29, .heads = 3, .head_width = 8},
        AttentionShape{.batch = 1,
                       .tokens = 50,
                       .heads = 4,
                       .head_width = 16,
                       .causal = false,
                       .kv_heads = 2,
                       .dropout = {.key = 5, .rate = 0.3}}}) {
    const std::int64_t rows = shape.batch * shape.tokens;
    const std::int64_t out_size = rows * shape.heads * shape.head_width;
    const std::int64_t qkv_size = rows * shape.qkv_heads() * shape.head_width;
    const Halves qkv = random_halves(qkv_size, 1, 2.0f), dout = random_halves(out_size, 2);
    Halves out(dout.size()), dqkv(qkv.size());
    Floats fout(dout.size()), fdqkv(qkv.size());
    Floats sums(static_cast<std::size_t>(rows * shape.heads)), fsums = sums;
    attention_forward(ops, shape, qkv.data(), out.data(), sums.data());
    attention_forward(ops, shape, floats(qkv).data(), fout.data(), fsums.data());
    CHECK(same_bits(sums, fsums));
    CHECK(same_bits(floats(out), floats(rounded(fout))));
    attention_backward(ops, shape, qkv.data(), out.data(), sums.data(), dout.data(), dqkv.data());
    attention_backward(ops, shape, floats(qkv).data(), floats(out).data(), fsums.data(),
                       floats(dout).data(), fdqkv.data());
    CHECK(distance(floats(dqkv), widened(fdqkv)) < kRounding);
  }
}

TEST_CASE("The gradient of cross entropy is rounded once where bfloat16 is asked for") {
  constexpr std::int64_t kRows = 5, kClasses = 37;
  MemoryPool pool;
  Ops ops(pool);
  const std::vector<std::int32_t> targets = {0, 36, 7, 7, 20};
  Floats logits = random_floats(kRows * kClasses, 1, 4.0f), same = logits;
  Halves gradient(logits.size());
  const double loss = cross_entropy(ops, kRows, kClasses, logits.data(), targets.data(), 0.2f);
  CHECK(cross_entropy(ops, kRows, kClasses, same.data(), targets.data(), 0.2f, nullptr,
                      gradient.data()) == loss);
  CHECK(same_bits(floats(gradient), floats(rounded(logits))));
}
