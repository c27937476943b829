// How a piece of work changes the tensor memory in use, counted in blocks of each size as the pool
// deals them out. Pure arithmetic; it must not know what the work is or where blocks come from.
#pragma once

#include <cstdint>
#include <map>

namespace pipetrain {

// Size in bytes -> number of blocks; negative where work frees more than it takes.
using Blocks = std::map<std::int64_t, int>;
void add_blocks(Blocks& to, const Blocks& more, int times = 1);

// Blocks of each size against what was in use before the work: after it, and the most within it.
struct MemoryUse {
  Blocks after, most;
};

// One after the other.
MemoryUse then(MemoryUse first, const MemoryUse& next);
// Takes blocks of `size`, or frees them (count < 0), and does nothing else.
MemoryUse takes(std::int64_t size, int count = 1);

}  // namespace pipetrain
