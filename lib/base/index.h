// Ranks, stages and microbatches are counted by int, as MPI counts; containers by std::size_t.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pipetrain {

constexpr std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace pipetrain
