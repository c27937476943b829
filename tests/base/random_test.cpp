#include "base/random.h"

#include <cmath>
#include <cstdint>

#include "catch.h"

using namespace pipetrain;

// Known answers of the authors' Random123 distribution (kat_vectors, philox4x32, 10 rounds).
TEST_CASE("Philox gives the published answers") {
  CHECK(philox(0, 0) == RandomWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox(~0ULL, ~0ULL, ~0ULL) == RandomWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox(0x299f31d0a4093822ULL, 0x85a308d3243f6a88ULL, 0x0370734413198a2eULL) ==
        RandomWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("Normal samples have mean 0, variance 1, and depend on key and index alone") {
  const auto key = random_key(1337, "layers.0.embedding.weight");
  double sum = 0, squares = 0;
  constexpr int kCount = 100000;
  for (int i = 0; i < kCount; ++i) {
    const double x = normal_at(key, static_cast<std::uint64_t>(i));
    sum += x;
    squares += x * x;
  }
  CHECK(std::abs(sum / kCount) < 0.02);
  CHECK(squares / kCount == Approx(1.0).margin(0.02));
  CHECK(normal_at(key, 77) == normal_at(key, 77));
  CHECK(normal_at(key, 77) != normal_at(random_key(1338, "layers.0.embedding.weight"), 77));
  CHECK(normal_at(key, 77) != normal_at(random_key(1337, "layers.1.attention.qkv.weight"), 77));
}

TEST_CASE("Integers stay below their bound and reach both ends") {
  bool low = false, high = false;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto x = integer_at(7, i, 3, 10);
    REQUIRE(x < 10);
    low |= x == 0;
    high |= x == 9;
  }
  CHECK(low);
  CHECK(high);
}
