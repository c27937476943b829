#include "text/subwords/word_cache.h"

#include <utility>

namespace pipetrain {
namespace {

constexpr std::size_t kMostSlots = std::size_t{1} << 18;

}  // namespace

void WordCache::grow() {
  if (slots_.size() == kMostSlots) {
    slots_.assign(slots_.size(), Slot());
    used_ = 0;
    words_.clear();
    ids_.clear();
    return;
  }
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(4 * slots_.size()));
  for (const Slot& slot : old) {
    if (slot.hash == 0) continue;
    slots_[place_of(std::string_view(words_).substr(slot.word_at, slot.bytes), slot.hash)] = slot;
  }
}

void WordCache::add(std::string_view word, std::span<const std::int32_t> ids) {
  if (word.size() > kMostBytes) return;  // and so it has few tokens
  if (2 * used_ >= slots_.size()) grow();
  const std::uint64_t hash = hash_of_word(word);
  slots_[place_of(word, hash)] = {
      hash, static_cast<std::uint32_t>(words_.size()), static_cast<std::uint32_t>(ids_.size()),
      static_cast<std::uint16_t>(word.size()), static_cast<std::uint16_t>(ids.size())};
  words_ += word;
  ids_.insert(ids_.end(), ids.begin(), ids.end());
  ++used_;
}

}  // namespace pipetrain
