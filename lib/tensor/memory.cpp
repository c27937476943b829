#include "tensor/memory.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>

#include "base/error.h"

namespace pipetrain {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

// The number behind `key` in a file of lines such as "VmRSS:   1234 kB".
std::size_t kilobytes_in(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(key)) return std::stoull(line.substr(key.size())) * 1024;
  }
  return 0;
}

constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

// What the control group in `folder` leaves of its limit; a group without files or with "max"
// limits nothing. Cached files that nobody uses count as free, as in MemAvailable.
std::size_t left_in_group(const std::string& folder, const char* limit_file,
                          const char* used_file) {
  std::size_t limit = 0, used = 0, cached = 0;
  if (!(std::ifstream(folder + limit_file) >> limit)) return kNoLimit;
  if (!(std::ifstream(folder + used_file) >> used)) return kNoLimit;
  std::ifstream statistics(folder + "memory.stat");
  for (std::string key; statistics >> key;) {
    if (key == "inactive_file") statistics >> cached;
  }
  const std::size_t held = used - std::min(used, cached);
  return limit > held ? limit - held : 0;
}

// The least that the group `path` and those above it leave.
std::size_t left_in_groups(const std::string& root, std::string path, const char* limit_file,
                           const char* used_file) {
  std::size_t left = left_in_group(root + "/", limit_file, used_file);
  for (; path.size() > 1; path.resize(path.rfind('/'))) {
    left = std::min(left, left_in_group(root + path + "/", limit_file, used_file));
  }
  return left;
}

// Of a large block, what is whole huge pages: the kernel can back each with one table entry. The
// rest of the last one is not taken.
std::size_t in_huge_pages(std::size_t size) {
  return size >= 8 * kHugePage ? size / kHugePage * kHugePage : 0;
}

}  // namespace

std::size_t block_bytes(std::size_t bytes) {
  return std::max(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
}

MemoryPool::~MemoryPool() {
  for (auto& [size, blocks] : blocks_) {
    for (void* block : blocks.free) {
      // What lies here next is not to take whole huge pages.
      if (in_huge_pages(size) > 0) madvise(block, in_huge_pages(size), MADV_NOHUGEPAGE);
      std::free(block);
    }
  }
  malloc_trim(0);  // or the C library would keep much of it for later
}

void* MemoryPool::take(std::size_t bytes) {
  const std::size_t size = block_bytes(bytes);
  Blocks& blocks = blocks_[size];
  if (blocks.free.empty()) blocks.free.push_back(from_system(size));
  void* block = blocks.free.back();
  blocks.free.pop_back();
  blocks.most = std::max(blocks.most, ++blocks.used);
  used_ += size;
  peak_ = std::max(peak_, used_);
  return block;
}

void MemoryPool::reserve(std::size_t bytes, int count) {
  const std::size_t size = block_bytes(bytes);
  for (int i = 0; i < count; ++i) blocks_[size].free.push_back(from_system(size));
}

void* MemoryPool::from_system(std::size_t size) {
  const std::size_t huge = in_huge_pages(size);
  void* block = std::aligned_alloc(huge > 0 ? kHugePage : kAlignment, size);
  if (block == nullptr) {
    throw Error(ExitCode::kConfiguration,
                "out of memory: no " + std::to_string(size) + " bytes beside the " +
                    std::to_string(reserved_) +
                    " already taken by this rank; use more stages, smaller microbatches or "
                    "recompute");
  }
  if (huge > 0) madvise(block, huge, MADV_HUGEPAGE);
  reserved_ += size;
  ++system_allocations_;
  return block;
}

void MemoryPool::give_back(void* block, std::size_t bytes) {
  const std::size_t size = block_bytes(bytes);
  Blocks& blocks = blocks_[size];
  --blocks.used;
  used_ -= size;
  blocks.free.push_back(block);
}

std::vector<MemoryPool::BlockCount> MemoryPool::block_counts() const {
  std::vector<BlockCount> counts;
  counts.reserve(blocks_.size());
  for (const auto& [size, blocks] : blocks_) counts.push_back({size, blocks.used, blocks.most});
  std::sort(counts.begin(), counts.end(),
            [](const BlockCount& a, const BlockCount& b) { return a.bytes < b.bytes; });
  return counts;
}

void MemoryPool::forget_peaks() {
  peak_ = used_;
  for (auto& [size, blocks] : blocks_) blocks.most = blocks.used;
}

std::size_t available_bytes() {
  std::size_t left = kilobytes_in("/proc/meminfo", "MemAvailable:");
  std::ifstream groups("/proc/self/cgroup");  // "4:memory:/path", or "0::/path" of version 2
  for (std::string line; std::getline(groups, line);) {
    const std::string path = line.substr(line.rfind(':') + 1);
    if (line.find(":memory:") != std::string::npos) {
      left = std::min(left, left_in_groups("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes",
                                           "memory.usage_in_bytes"));
    } else if (line.starts_with("0::")) {
      left = std::min(left, left_in_groups("/sys/fs/cgroup", path, "memory.max", "memory.current"));
    }
  }
  return left;
}

std::size_t resident_bytes() { return kilobytes_in("/proc/self/status", "VmRSS:"); }
std::size_t peak_resident_bytes() { return kilobytes_in("/proc/self/status", "VmHWM:"); }

}  // namespace pipetrain
