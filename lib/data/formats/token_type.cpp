#include "data/formats/token_type.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace pipetrain {
namespace {

constexpr std::size_t kLeastGroups = 32;  // of four bytes; of fewer anything may be chance

// Of the bytes at each place of a group of four.
struct Spread {
  std::array<unsigned, 4> most{};
  std::array<std::uint64_t, 4> sum{};
};

Spread spread_of(std::span<const std::byte> start) {
  Spread spread;
  for (std::size_t i = 0; i < start.size(); ++i) {
    const auto byte = std::to_integer<unsigned>(start[i]);
    spread.most[i % 4] = std::max(spread.most[i % 4], byte);
    spread.sum[i % 4] += byte;
  }
  return spread;
}

// Of four bytes, the highest first: tokens are below 2^20, and the lower half is not as poor as the
// upper one. As uint16 every second one would be 0, or below 16 beside larger ones.
bool is_wide(unsigned highest, unsigned high, unsigned low, unsigned lowest) {
  return highest == 0 && ((high == 0 && (low > 0 || lowest > 0)) || (high < 16 && low >= 16));
}

}  // namespace

std::string TokenType::text() const {
  return std::string(swapped ? "big-endian " : "") + (width == 4 ? "uint32" : "uint16");
}

TokenGuess guess_token_type(std::span<const std::byte> start) {
  if (start.size() < 4 * kLeastGroups) return {};
  const Spread spread = spread_of(start.first(start.size() / 4 * 4));
  const auto& most = spread.most;
  const std::uint64_t first = spread.sum[0] + spread.sum[2], second = spread.sum[1] + spread.sum[3];
  if (is_wide(most[3], most[2], most[1], most[0])) return {{4, false}, true};
  if (most[2] == 0 && most[0] == 0 && second > 0 && most[1] > 0) return {{2, true}, true};
  if (is_wide(most[0], most[1], most[2], most[3])) return {{4, true}, true};
  if (first == 0 && second == 0) return {};
  // Common tokens are small ones, so of two bytes the upper one is the smaller on average.
  if (2 * first <= second) return {{2, true}, true};
  if (5 * second <= 4 * first) return {{2, false}, true};
  return {};
}

}  // namespace pipetrain
