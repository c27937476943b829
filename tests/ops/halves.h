// Entries in bfloat16 for tests: rounded as the definition says, and widened again. It must not
// know the kernels that it is compared with.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ops/bfloat16.h"
#include "reference.h"

namespace pipetrain {

constexpr double kRounding = 1.0 / 256;  // the largest relative error of one

using Halves = std::vector<BFloat16>;

inline std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

inline float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

inline Floats floats(const Halves& halves) {
  Floats values;
  for (const BFloat16 half : halves) {
    values.push_back(float_of(static_cast<std::uint32_t>(half.bits) << 16));
  }
  return values;
}

// To the nearer of the two neighbours, in double precision; at a tie to the even one.
inline std::uint16_t nearest(float value) {
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

inline Halves rounded(const Floats& values) {
  Halves halves;
  for (const float value : values) halves.push_back({nearest(value)});
  return halves;
}

inline Halves random_halves(std::int64_t n, unsigned seed, float width = 1.0f) {
  return rounded(random_floats(n, seed, width));
}

inline Doubles wide(const Halves& halves) { return widened(floats(halves)); }

}  // namespace pipetrain
