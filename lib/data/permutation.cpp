#include "data/permutation.h"

#include <cassert>
#include <utility>

#include "base/random.h"

namespace pipetrain {
namespace {

constexpr std::uint64_t kRounds = 8;  // halves of a few bits mix slowly

}  // namespace

Permutation::Permutation(std::int64_t size, std::uint64_t key)
    : size_(static_cast<std::uint64_t>(size)), key_(key) {
  while ((std::uint64_t{1} << (2 * half_bits_)) < size_) ++half_bits_;
}

std::int64_t Permutation::at(std::int64_t index) const {
  auto value = static_cast<std::uint64_t>(index);
  assert(value < size_);
  do {
    value = encipher(value);
  } while (value >= size_);
  return static_cast<std::int64_t>(value);
}

std::uint64_t Permutation::encipher(std::uint64_t value) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = value >> half_bits_, right = value & mask;
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    left ^= philox(key_, right, round)[0] & mask;
    std::swap(left, right);
  }
  return left << half_bits_ | right;
}

}  // namespace pipetrain
