#include "plan/block_tally.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace pipetrain {

BlockTally::Use BlockTally::prepare(const MemoryUse& use) {
  return {numbered(use.most), numbered(use.after)};
}

void BlockTally::run(const Use& use) {
  for (const auto& [i, count] : use.most) most_[i] = std::max(most_[i], used_[i] + count);
  for (const auto& [i, count] : use.after) {
    used_[i] += count;
    used_bytes_ += count * sizes_[i];
  }
}

void BlockTally::return_to(const BlockTally& before) {
  std::fill(used_.begin(), used_.end(), 0);
  std::copy(before.used_.begin(), before.used_.end(), used_.begin());
  used_bytes_ = before.used_bytes_;
}

std::int64_t BlockTally::reserved() const {
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < sizes_.size(); ++i) bytes += sizes_[i] * most_[i];
  return bytes;
}

BlockTally::Counts BlockTally::numbered(const Blocks& blocks) {
  Counts counts;
  for (const auto& [size, count] : blocks) {
    const auto [found, added] = numbers_.try_emplace(size, sizes_.size());
    if (added) {
      sizes_.push_back(size);
      used_.push_back(0);
      most_.push_back(0);
    }
    if (count != 0) counts.emplace_back(found->second, count);
  }
  return counts;
}

}  // namespace pipetrain
