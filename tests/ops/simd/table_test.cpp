#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "catch.h"
#include "tables.h"

using namespace pipetrain;

TEST_CASE("ReLU, SwiGLU, RMS norm and rotations are those of plain loops, in every table") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats x = random_floats(n, 1, 3.0f), other = random_floats(n, 2, 3.0f);
    auto sigmoid = [&](std::size_t i) { return 1 / (1 + std::exp(-wide(x[i]))); };
    auto silu = [&](std::size_t i) { return wide(x[i]) * sigmoid(i); };
    Floats y(x.size());
    simd.on_float32.relu_forward(x.data(), y.data(), n);
    CHECK(distance(y, entrywise(x, [&](std::size_t i) { return wide(std::max(x[i], 0.0f)); })) ==
          0);
    Floats gate_up = x;
    gate_up.insert(gate_up.end(), other.begin(), other.end());
    simd.on_float32.swiglu_forward(gate_up.data(), y.data(), n);
    CHECK(distance(y, entrywise(x, [&](std::size_t i) { return silu(i) * wide(other[i]); })) <
          2e-6);
    Floats dy = other;  // the gradient's values matter not: other once more
    simd.on_float32.swiglu_backward(dy.data(), gate_up.data(), n);
    CHECK(distance(dy, widened(y)) < 1e-6);
    CHECK(distance(gate_up.data() + n,
                   entrywise(x, [&](std::size_t i) { return silu(i) * wide(other[i]); })) < 2e-6);
    CHECK(distance(gate_up.data(), entrywise(x, [&](std::size_t i) {
                     return std::pow(wide(other[i]), 2) * (sigmoid(i) + silu(i) * (1 - sigmoid(i)));
                   })) < 2e-6);

    gate_up = x;
    gate_up.insert(gate_up.end(), other.begin(), other.end());
    y = other;
    simd.on_float32.geglu_forward(gate_up.data(), y.data(), n);
    const auto gelu = [&](double v) {
      return v / (1 + std::exp(-2 * std::sqrt(2 / 3.14159265358979) * (v + 0.044715 * v * v * v)));
    };
    CHECK(distance(y, entrywise(x, [&](std::size_t i) {
                     return gelu(wide(x[i])) * wide(other[i]);
                   })) < 2e-6);
    y = other;
    simd.on_float32.geglu_backward(y.data(), gate_up.data(), n);
    CHECK(distance(y, entrywise(x, [&](std::size_t i) {
                     return gelu(wide(x[i])) * wide(other[i]);
                   })) < 2e-6);
    CHECK(distance(gate_up.data() + n, entrywise(x, [&](std::size_t i) {
                     return gelu(wide(x[i])) * wide(other[i]);
                   })) < 2e-6);
    CHECK(distance(gate_up.data(), entrywise(x, [&](std::size_t i) {
                     const double v = wide(x[i]), h = 1e-5;
                     return std::pow(wide(other[i]), 2) * (gelu(v + h) - gelu(v - h)) / (2 * h);
                   })) < 2e-6);

    const auto normal = [&](double v) { return std::erfc(-v / std::sqrt(2.0)) / 2; };
    Floats exact = x, slope = other;
    simd.on_float32.exact_gelu_forward(x.data(), exact.data(), n);
    CHECK(distance(exact, entrywise(x, [&](std::size_t i) {
                     return wide(x[i]) * normal(wide(x[i]));
                   })) < 5e-7);
    exact = x;
    simd.on_float32.exact_gelu_backward(slope.data(), exact.data(), n);
    CHECK(distance(exact, entrywise(x, [&](std::size_t i) {
                     return wide(x[i]) * normal(wide(x[i]));
                   })) < 5e-7);
    CHECK(distance(slope, entrywise(x, [&](std::size_t i) {
                     const double v = wide(x[i]);
                     return wide(other[i]) * (normal(v) + v * std::exp(-v * v / 2) /
                                                              std::sqrt(2 * 3.14159265358979));
                   })) < 2e-6);
    Floats capped = x;
    slope = other;
    simd.on_float32.soft_cap(capped.data(), n, {0.3f, 2.0f});
    simd.on_float32.soft_cap_backward(slope.data(), capped.data(), n, 2.0f);
    CHECK(distance(capped, entrywise(x, [&](std::size_t i) {
                     return 2 * std::tanh(wide(0.3f) * wide(x[i]));
                   })) < 5e-7);
    CHECK(distance(slope, entrywise(x, [&](std::size_t i) {
                     return wide(other[i]) / std::pow(std::cosh(wide(0.3f) * wide(x[i])), 2);
                   })) < 2e-6);

    double squares = 0;
    for (const float entry : x) squares += wide(entry) * wide(entry);
    const double rstd = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
    Floats normalized(x.size());
    CHECK(wide(simd.on_float32.rms_norm_forward(x.data(), other.data(), normalized.data(), y.data(),
                                                n, 1e-5f)) == Approx(rstd).epsilon(1e-6));
    CHECK(distance(y, entrywise(x, [&](std::size_t i) {
                     return wide(x[i]) * rstd * wide(other[i]);
                   })) < 2e-6);
    Floats ones(x.size(), 1.0f), sums(x.size(), 0.5f), dx = other;
    double mean = 0;
    for (std::size_t i = 0; i < x.size(); ++i) mean += wide(other[i]) * wide(x[i]) * rstd;
    mean /= static_cast<double>(n);
    simd.on_float32.rms_norm_backward(dx.data(), normalized.data(), ones.data(), x.data(),
                                      static_cast<float>(rstd), sums.data(), n);
    CHECK(distance(dx, entrywise(x, [&](std::size_t i) {
                     return (wide(other[i]) - wide(x[i]) * rstd * mean) * rstd + wide(x[i]);
                   })) < 5e-6);
    CHECK(distance(sums, entrywise(x, [&](std::size_t i) {
                     return 0.5 + wide(other[i]) * wide(x[i]) * rstd;
                   })) < 2e-6);

    Floats heads(4 * x.size());  // two heads of two halves
    for (std::size_t i = 0; i < heads.size(); ++i) heads[i] = x[i % x.size()];
    simd.on_float32.rotate(heads.data(), {2, n, 2 * n}, x.data(), other.data(), -1.0f);
    for (const std::size_t head : {0, 1}) {
      const float* a = heads.data() + head * 2 * x.size();
      CHECK(distance(a, entrywise(x, [&](std::size_t i) {
                       return wide(x[i]) * (wide(x[i]) + wide(other[i]));
                     })) < 2e-6);
      CHECK(distance(a + n, entrywise(x, [&](std::size_t i) {
                       return wide(x[i]) * (wide(x[i]) - wide(other[i]));
                     })) < 2e-6);
    }
  });
}

TEST_CASE("NaN stays NaN through the vector exponential and GELU, at every place") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats clean = random_floats(n, 1, 3.0f);
    bool exp_kept = true, gelu_kept = true, backward_kept = true, neighbours_clean = true;
    for (std::size_t at = 0; at < clean.size(); ++at) {
      Floats x = clean;
      x[at] = std::numeric_limits<float>::quiet_NaN();
      Floats powers = x, y = x, dy = clean, again = x;
      exp_kept &=
          std::isnan(simd.exp_scaled(powers.data(), n, {1.0f, 0.0f})) && std::isnan(powers[at]);
      simd.on_float32.gelu_forward(x.data(), y.data(), n);
      gelu_kept &= std::isnan(y[at]);
      simd.on_float32.gelu_backward(dy.data(), again.data(), n);
      backward_kept &= std::isnan(dy[at]) && std::isnan(again[at]);
      neighbours_clean &=
          std::count_if(y.begin(), y.end(), [](float v) { return std::isnan(v); }) == 1;
    }
    CHECK(exp_kept);
    CHECK(gelu_kept);
    CHECK(backward_kept);
    CHECK(neighbours_clean);
  });
}

TEST_CASE("all_finite finds a single NaN or infinity at every place") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    Floats x = random_floats(n, 1, 3e38f);
    x[0] = 1e-40f;  // denormal, yet finite
    CHECK(simd.on_float32.all_finite(x.data(), n));
    const float infinity = std::numeric_limits<float>::infinity();
    for (const float bad : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
      bool found = true;
      for (float& value : x) {
        const float kept = value;
        value = bad;
        found &= !simd.on_float32.all_finite(x.data(), n);
        value = kept;
      }
      CHECK(found);
    }
  });
}

TEST_CASE("GELU of infinity is infinite, of a large negative number zero") {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    const Floats x = {std::numeric_limits<float>::infinity(), 40, -40};
    Floats y(3);
    simd->on_float32.gelu_forward(x.data(), y.data(), 3);
    CHECK(y[0] == x[0]);
    CHECK(y[1] == 40);
    CHECK(std::fabs(y[2]) < 1e-30f);
  }
}
