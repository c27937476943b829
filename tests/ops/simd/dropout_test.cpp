#include <cstddef>
#include <cstdint>

#include "../reference.h"
#include "base/random.h"
#include "catch.h"
#include "tables.h"

using namespace pipetrain;

namespace {

constexpr std::uint64_t kKey = 0x123456789ABCDEFu;
constexpr std::uint32_t kThreshold = 0x19999999;  // a tenth of all words

}  // namespace

TEST_CASE("Every instruction set draws the same factors, from the words of Philox") {
  const DropoutDraw draw{.key = kKey,
                         .line = 11,
                         .row = 43,
                         .step = 7,
                         .threshold = kThreshold,
                         .factor = 1.0f / 0.9f};
  for (const SimdKernels* kernels : runnable_simd_kernels()) {
    for (const std::int64_t n : {1, 5, 31, 32, 33, 64, 100, 1027}) {
      for (const std::int64_t first : {0, kDropoutGroup, 5 * kDropoutGroup}) {
        CAPTURE(kernels->name, n, first);
        Floats factors(static_cast<std::size_t>(n) + 1, -1.0f), expected;
        kernels->dropout_factors(draw, first, n, factors.data());
        for (std::int64_t entry = first; entry < first + n; ++entry) {
          const auto in_group = static_cast<std::uint64_t>(entry % kDropoutGroup);
          const std::uint64_t block =
              static_cast<std::uint64_t>(entry / kDropoutGroup) * 8 + in_group % 16 / 2;
          const RandomWords words =
              philox(kKey, block | std::uint64_t{11} << 32, 43 | std::uint64_t{7} << 32);
          const std::uint32_t word = words[in_group / 16 * 2 + in_group % 2];
          expected.push_back(word < kThreshold ? 0.0f : 1.0f / 0.9f);
        }
        expected.push_back(-1.0f);  // nothing is written behind the end
        CHECK(same_bits(factors, expected));
      }
    }
  }
}

TEST_CASE("The gradient of a softmax with dropped weights is that of its formula") {
  for_each_table_and_length([](const SimdKernels& simd, std::int64_t n) {
    const Floats ds = random_floats(n, 1), p = random_floats(n, 2), factors = random_floats(n, 3);
    Floats dropped = ds, weights = p;
    simd.dropped_softmax_backward(dropped.data(), weights.data(), factors.data(), n,
                                  {.delta = 0.25f, .factor = 0.5f});
    CHECK(distance(dropped, entrywise(ds, [&](std::size_t i) {
                     return wide(p[i]) * (wide(ds[i]) * wide(factors[i]) - 0.25) * 0.5;
                   })) < 5e-7);
    CHECK(distance(weights, entrywise(p, [&](std::size_t i) {
                     return wide(p[i]) * wide(factors[i]);
                   })) < 2e-7);
  });
}
