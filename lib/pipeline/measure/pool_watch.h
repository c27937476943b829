// What a piece of work takes of a memory pool and gives back, in blocks. It must not know what the
// work is.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "plan/profile.h"
#include "tensor/memory.h"

namespace pipetrain {

// From now on; one at a time, since the pool's peaks start again.
class PoolWatch {
 public:
  explicit PoolWatch(MemoryPool& pool) : pool_(pool) {
    pool.forget_peaks();
    before_ = pool.block_counts();
  }

  MemoryUse use() const {
    MemoryUse use;
    for (const MemoryPool::BlockCount& now : pool_.block_counts()) {
      const auto size = static_cast<std::int64_t>(now.bytes);
      const auto earlier = std::find_if(before_.begin(), before_.end(), [&](const auto& count) {
        return count.bytes == now.bytes;
      });
      const int used_before = earlier == before_.end() ? 0 : earlier->used;
      if (now.used != used_before) use.after[size] = now.used - used_before;
      if (now.most != used_before) use.most[size] = now.most - used_before;
    }
    return use;
  }

 private:
  const MemoryPool& pool_;
  std::vector<MemoryPool::BlockCount> before_;
};

}  // namespace pipetrain
