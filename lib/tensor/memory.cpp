#include "tensor/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

#include "base/error.h"

namespace pipetrain {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Large blocks are whole huge pages, so that the kernel can back them with one table entry each.
std::size_t rounded(std::size_t bytes) {
  const std::size_t unit = bytes >= 8 * kHugePage ? kHugePage : kAlignment;
  return std::max(unit, (bytes + unit - 1) / unit * unit);
}

std::size_t status_bytes(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size())) * 1024;
  }
  return 0;
}

}  // namespace

MemoryPool::~MemoryPool() {
  for (auto& [size, blocks] : free_) {
    for (void* block : blocks) std::free(block);
  }
}

void* MemoryPool::take(std::size_t bytes) {
  const std::size_t size = rounded(bytes);
  std::vector<void*>& kept = free_[size];
  if (kept.empty()) kept.push_back(from_system(size));
  void* block = kept.back();
  kept.pop_back();
  used_ += size;
  peak_ = std::max(peak_, used_);
  return block;
}

void MemoryPool::reserve(std::size_t bytes, int count) {
  const std::size_t size = rounded(bytes);
  for (int i = 0; i < count; ++i) free_[size].push_back(from_system(size));
}

void* MemoryPool::from_system(std::size_t size) {
  const bool huge = size % kHugePage == 0;
  void* block = std::aligned_alloc(huge ? kHugePage : kAlignment, size);
  if (block == nullptr) {
    throw Error(ExitCode::kConfiguration,
                "out of memory: no " + std::to_string(size) + " bytes beside the " +
                    std::to_string(reserved_) +
                    " already taken by this rank; use more stages, smaller microbatches or "
                    "recompute");
  }
  if (huge) madvise(block, size, MADV_HUGEPAGE);
  reserved_ += size;
  ++system_allocations_;
  return block;
}

void MemoryPool::give_back(void* block, std::size_t bytes) {
  const std::size_t size = rounded(bytes);
  used_ -= size;
  free_[size].push_back(block);
}

std::size_t resident_bytes() { return status_bytes("VmRSS:"); }
std::size_t peak_resident_bytes() { return status_bytes("VmHWM:"); }

}  // namespace pipetrain
