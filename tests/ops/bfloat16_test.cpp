// Kernels and operations on bfloat16: what float32 makes of the same rounded inputs, rounded.
#include "ops/bfloat16.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "catch.h"
#include "halves.h"
#include "ops/activation.h"
#include "ops/cross_entropy.h"
#include "ops/normalization.h"
#include "ops/simd/select.h"
#include "reference.h"

using namespace pipetrain;

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
      // The instruction for it takes numbers below the smallest normal one for 0.
      const bool lost = std::fpclassify(values[i]) == FP_SUBNORMAL &&
                        simd->name == std::string_view("avx512bf16");
      const float value = lost ? std::copysign(0.0f, values[i]) : values[i];
      REQUIRE(halves[i].bits == (std::isinf(value) ? 0x7f80 : nearest(value)));
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
      Halves gate_up = x;
      gate_up.insert(gate_up.end(), other.begin(), other.end());
      Floats fgate_up = floats(gate_up);
      half.swiglu_forward(gate_up.data(), y.data(), n);
      full.swiglu_forward(fgate_up.data(), fy.data(), n);
      half.swiglu_backward(dy.data(), gate_up.data(), n);
      full.swiglu_backward(fdy.data(), fgate_up.data(), n);
      CHECK(distance(floats(gate_up), widened(fgate_up)) < kRounding);
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

TEST_CASE("The gradient of cross entropy is rounded once where bfloat16 is asked for") {
  constexpr std::int64_t kRows = 5, kClasses = 37;
  MemoryPool pool;
  Ops ops(pool);
  const std::vector<std::int32_t> targets = {0, 36, 7, 7, 20};
  Floats logits = random_floats(kRows * kClasses, 1, 4.0f), same = logits;
  Halves gradient(logits.size());
  const double loss = cross_entropy(ops, matrix(logits, kClasses), targets.data(), 0.2f);
  CHECK(cross_entropy(ops, matrix(same, kClasses), targets.data(), 0.2f, nullptr,
                      gradient.data()) == loss);
  CHECK(same_bits(floats(gradient), floats(rounded(logits))));
}
