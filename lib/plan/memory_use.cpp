#include "plan/memory_use.h"

#include <algorithm>

namespace pipetrain {

void add_blocks(Blocks& to, const Blocks& more, int times) {
  for (const auto& [size, count] : more) to[size] += times * count;
}

MemoryUse then(MemoryUse first, const MemoryUse& next) {
  for (const auto& [size, count] : next.most) {
    const auto before = first.after.find(size);
    int& most = first.most[size];
    most = std::max(most, count + (before == first.after.end() ? 0 : before->second));
  }
  add_blocks(first.after, next.after);
  return first;
}

MemoryUse takes(std::int64_t size, int count) {
  return {{{size, count}}, {{size, std::max(0, count)}}};
}

}  // namespace pipetrain
