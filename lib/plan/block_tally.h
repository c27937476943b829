// The blocks of a memory pool in use, and the most of each size that ever were: a block that is
// given back serves only its own size. It must not know who takes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plan/memory_use.h"

namespace pipetrain {

// Gives each size a small number, since lists of actions are long: what is run often is prepared
// once.
class BlockTally {
 public:
  using Counts = std::vector<std::pair<std::size_t, int>>;  // of blocks by number of their size
  struct Use {
    Counts most, after;
  };

  Use prepare(const MemoryUse& use);
  void run(const Use& use);
  // Blocks of one size; given back if `count` is negative.
  void take(std::int64_t size, int count = 1) { run(prepare(takes(size, count))); }
  // What is used now is what was then; the most stays.
  void return_to(const BlockTally& before);

  std::int64_t used() const { return used_bytes_; }  // bytes
  std::int64_t reserved() const;                     // by the most of each size, bytes

 private:
  Counts numbered(const Blocks& blocks);

  std::unordered_map<std::int64_t, std::size_t> numbers_;
  std::vector<std::int64_t> sizes_;
  std::vector<int> used_, most_;
  std::int64_t used_bytes_ = 0;
};

}  // namespace pipetrain
