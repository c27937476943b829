// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11, "Parallel random numbers: as
// easy as 1, 2, 3", section 3). A number depends only on its key and counter, never on a stream's
// history, so results do not depend on the grid.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace pipetrain {

using RandomWords = std::array<std::uint32_t, 4>;

// Four random words for a 64-bit key and a 128-bit counter (two halves).
RandomWords philox(std::uint64_t key, std::uint64_t counter_low, std::uint64_t counter_high = 0);

// A key from a seed and a name (a parameter's, a layer's, a data source's): FNV-1a, then a
// finalizer.
std::uint64_t random_key(std::uint64_t seed, std::string_view name);

// In [0, 1), from the upper 24 bits: exact in float32.
float uniform_from(std::uint32_t word);

// The i-th sample of the standard normal distribution for this key (Box-Muller on the i/4-th
// block).
float normal_at(std::uint64_t key, std::uint64_t index);

// An integer in [0, bound), bound > 0, for this key and counter; bias below bound / 2^64.
std::uint64_t integer_at(std::uint64_t key, std::uint64_t counter_low, std::uint64_t counter_high,
                         std::uint64_t bound);

}  // namespace pipetrain
