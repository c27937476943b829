#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

#include "catch.h"
#include "ops/simd/select.h"
#include "reference.h"

using namespace pipetrain;

namespace {

constexpr std::int64_t kLengths[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 130, 1027};

template <class Body>
void for_each_table_and_length(const Body& body) {
  for (const SimdKernels* kernels : runnable_simd_kernels()) {
    for (const std::int64_t n : kLengths) {
      CAPTURE(kernels->name, n);
      body(*kernels, n);
    }
  }
}

Doubles entrywise(const Floats& x, const std::function<double(std::size_t)>& formula) {
  Doubles y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back(formula(i));
  return y;
}

double wide(float x) { return static_cast<double>(x); }

}  // namespace

TEST_CASE("The chosen table is the best that this processor runs") {
  CHECK(runnable_simd_kernels().back() == &select_simd_kernels());
}

TEST_CASE("Vector sums, products and maxima are those of plain loops") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats x = random_floats(n, 1), y = random_floats(n, 2);
    double dot = 0, squares = 0;
    float largest = x[0];
    for (std::size_t i = 0; i < x.size(); ++i) {
      dot += wide(x[i]) * wide(y[i]);
      squares += wide(x[i]) * wide(x[i]);
      largest = std::max(largest, x[i]);
    }
    CHECK(simd.on_float32.dot(x.data(), y.data(), n) == Approx(dot).margin(1e-5));
    CHECK(simd.sum_squares(x.data(), n) == Approx(squares).epsilon(1e-12));
    CHECK(simd.maximum(x.data(), n) == largest);
    Floats scaled = x, sum = x, with_product = x, ds = x;
    simd.scale(scaled.data(), n, 0.3f);
    simd.on_float32.add(sum.data(), y.data(), n);
    simd.on_float32.add_product(with_product.data(), y.data(), y.data(), n);
    simd.softmax_backward(ds.data(), y.data(), n, 0.25f, 0.5f);
    CHECK(distance(scaled, entrywise(x, [&](std::size_t i) { return wide(x[i] * 0.3f); })) < 1e-7);
    CHECK(distance(sum, entrywise(x, [&](std::size_t i) { return wide(x[i]) + wide(y[i]); })) <
          2e-7);
    CHECK(distance(with_product, entrywise(x, [&](std::size_t i) {
                     return wide(x[i]) + wide(y[i]) * wide(y[i]);
                   })) < 2e-7);
    CHECK(distance(ds, entrywise(x, [&](std::size_t i) {
                     return wide(y[i]) * (wide(x[i]) - 0.25) * 0.5;
                   })) < 5e-7);
  });
}

TEST_CASE("The vector exponential is within 5e-6 everywhere, and bounded outside") {
  for (const SimdKernels* simd : runnable_simd_kernels()) {
    CAPTURE(simd->name);
    Floats x;
    for (float at = -87; at <= 88; at += 0.013f) x.push_back(at);
    Floats y = x;
    const auto n = static_cast<std::int64_t>(x.size());
    simd->exp_scaled(y.data(), n, 1.0f, 0.0f);
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      worst = std::max(worst, std::fabs(wide(y[i]) / std::exp(wide(x[i])) - 1));
    }
    CHECK(worst < 5e-6);
    Floats outside = {-1e30f, -100, 89, 1e30f};
    simd->exp_scaled(outside.data(), 4, 1.0f, 0.0f);
    CHECK((outside[0] > 0 && outside[0] < 2e-38f && outside[1] == outside[0]));
    CHECK((outside[2] > 1e38f && std::isfinite(outside[2]) && outside[3] == outside[2]));
  }
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats x = random_floats(n, 1, 4.0f);
    const Doubles expected =
        entrywise(x, [&](std::size_t i) { return std::exp(0.5 * wide(x[i]) - 1.25); });
    double sum = 0;
    for (const double value : expected) sum += value;
    Floats y = x;
    CHECK(simd.exp_scaled(y.data(), n, 0.5f, 1.25f) == Approx(sum).epsilon(1e-5));
    CHECK(distance(y, expected) < 1e-6);
  });
}

TEST_CASE("ReLU, SwiGLU, RMS norm and rotations are those of plain loops, in every table") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats x = random_floats(n, 1, 3.0f), other = random_floats(n, 2, 3.0f);
    auto sigmoid = [&](std::size_t i) { return 1 / (1 + std::exp(-wide(x[i]))); };
    auto silu = [&](std::size_t i) { return wide(x[i]) * sigmoid(i); };
    Floats y(x.size());
    simd.on_float32.relu_forward(x.data(), y.data(), n);
    CHECK(distance(y, entrywise(x, [&](std::size_t i) { return wide(std::max(x[i], 0.0f)); })) ==
          0);
    simd.on_float32.swiglu_forward(x.data(), other.data(), y.data(), n);
    CHECK(distance(y, entrywise(x, [&](std::size_t i) { return silu(i) * wide(other[i]); })) <
          2e-6);
    Floats dy = other, gate = x, up = other;  // the gradient's values matter not: other once more
    simd.on_float32.swiglu_backward(dy.data(), gate.data(), up.data(), n);
    CHECK(distance(dy, widened(y)) < 1e-6);
    CHECK(distance(up, entrywise(x, [&](std::size_t i) { return silu(i) * wide(other[i]); })) <
          2e-6);
    CHECK(distance(gate, entrywise(x, [&](std::size_t i) {
                     return std::pow(wide(other[i]), 2) * (sigmoid(i) + silu(i) * (1 - sigmoid(i)));
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
    simd.on_float32.rotate(heads.data(), 2, n, x.data(), other.data(), -1.0f);
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
          std::isnan(simd.exp_scaled(powers.data(), n, 1.0f, 0.0f)) && std::isnan(powers[at]);
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

TEST_CASE("AdamW and SGD steps are those of their formulas") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats value = random_floats(n, 1), gradient = random_floats(n, 2);
    const Floats m = random_floats(n, 3, 0.1f);
    Floats v = random_floats(n, 4, 0.1f);
    for (float& entry : v) entry = std::fabs(entry);
    const AdamWStep adam{0.5f, 1e-2f, 0.99f, 0.9f, 0.95f, 1e-8f, 1.5f};
    auto first = [&](std::size_t i) { return 0.9 * wide(m[i]) + 0.1 * 0.5 * wide(gradient[i]); };
    auto second = [&](std::size_t i) {
      return 0.95 * wide(v[i]) + 0.05 * std::pow(0.5 * wide(gradient[i]), 2);
    };
    Floats weights = value, new_m = m, new_v = v;
    simd.adamw(weights.data(), gradient.data(), new_m.data(), new_v.data(), n, adam);
    CHECK(distance(new_m, entrywise(m, first)) < 1e-6);
    CHECK(distance(new_v, entrywise(v, second)) < 1e-6);
    CHECK(distance(weights, entrywise(value, [&](std::size_t i) {
                     return wide(value[i]) * 0.99 -
                            1e-2 * first(i) / (std::sqrt(second(i)) * 1.5 + 1e-8);
                   })) < 1e-6);
    weights = value;
    new_m = m;
    simd.sgd(weights.data(), gradient.data(), new_m.data(), n, {0.5f, 0.1f, 0.9f, 0.01f});
    auto momentum = [&](std::size_t i) {
      return 0.9 * wide(m[i]) + 0.5 * wide(gradient[i]) + 0.01 * wide(value[i]);
    };
    CHECK(distance(new_m, entrywise(m, momentum)) < 1e-6);
    CHECK(distance(weights, entrywise(value, [&](std::size_t i) {
                     return wide(value[i]) - 0.1 * momentum(i);
                   })) < 1e-6);
  });
}
