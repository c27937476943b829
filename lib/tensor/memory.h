// Tensor memory: a pool that keeps freed blocks for the next tensor of the same size and counts
// every byte. It must not know tensors. One pool serves one rank and is used by one thread at a
// time.
#pragma once

#include <cstddef>
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

 private:
  void* from_system(std::size_t size);

  std::unordered_map<std::size_t, std::vector<void*>> free_;  // by rounded size
  std::size_t used_ = 0, peak_ = 0, reserved_ = 0, system_allocations_ = 0;
};

// The resident size of this process and its highest value, from /proc/self/status.
std::size_t resident_bytes();
std::size_t peak_resident_bytes();

}  // namespace pipetrain
