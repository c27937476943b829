// From 64-bit keys to 32-bit values: a table of open addressing, several times as fast to look into
// as the standard map. It must not know what the numbers stand for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pipetrain {

class FlatMap {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;  // no value

  void set(std::uint64_t key, std::uint32_t value) {
    if (2 * (used_ + 1) > slots_.size()) grow();
    Slot& slot = slots_[place_of(key)];
    if (slot.value == kNone) ++used_;
    slot = {key, value};
  }
  std::uint32_t get(std::uint64_t key) const {
    return slots_.empty() ? kNone : slots_[place_of(key)].value;
  }
  std::size_t size() const { return used_; }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t value = kNone;
  };

  std::size_t place_of(std::uint64_t key) const {
    std::uint64_t hash = (key ^ (key >> 32)) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 29;
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].value != kNone && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.value != kNone) slots_[place_of(slot.key)] = slot;
    }
  }

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

}  // namespace pipetrain
