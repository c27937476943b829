// Tensor memory: a pool that keeps freed blocks for the next tensor of the same size and counts
// every byte. It must not know tensors. One pool serves one rank and is used by one thread at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace pipetrain {

class MemoryPool {
 public:
  MemoryPool() = default;
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  // A block of at least `bytes`, aligned to 64; contents undefined. Error(kConfiguration) if the
  // system has no more.
  void* take(std::size_t bytes);
  void give_back(void* block, std::size_t bytes);
  // Takes `count` more blocks of this size from the system, kept for later.
  void reserve(std::size_t bytes, int count);

  std::size_t used_bytes() const { return used_; }  // in live tensors
  std::size_t peak_bytes() const { return peak_; }  // most ever used at once
  std::size_t reserved_bytes() const {
    return reserved_;
  }  // taken from the system: used + kept for reuse
  std::size_t system_allocations() const { return system_allocations_; }

  // Of each size of block: how many are in live tensors, and the most ever at once. Blocks of one
  // size serve only that size, so the sum of size x most is what a run takes from the system.
  struct BlockCount {
    std::size_t bytes = 0;
    int used = 0, most = 0;
  };
  std::vector<BlockCount> block_counts() const;
  // The peaks start again from what is used now.
  void forget_peaks();

 private:
  struct Blocks {
    std::vector<void*> free;
    int used = 0, most = 0;
  };
  void* from_system(std::size_t size);

  std::unordered_map<std::size_t, Blocks> blocks_;  // by rounded size
  std::size_t used_ = 0, peak_ = 0, reserved_ = 0, system_allocations_ = 0;
};

// The size of the block that a tensor of `bytes` gets.
std::size_t block_bytes(std::size_t bytes);

// What this host still has for new memory, within the limit of this process's control group
// (cgroup v1 or v2). 0 if the system does not say.
std::size_t available_bytes();

// The resident size of this process and its highest value, from /proc/self/status.
std::size_t resident_bytes();
std::size_t peak_resident_bytes();

}  // namespace pipetrain
