#include <cmath>
#include <cstddef>
#include <cstdint>

#include "catch.h"
#include "tables.h"

using namespace pipetrain;

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
