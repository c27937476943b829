// The tokens of words that have been seen, so that a word that comes again costs one look. It is
// for one thread at a time and of bounded size. It must not know how tokens are made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pipetrain {

class WordCache {
 public:
  static constexpr std::size_t kMostBytes = 128;  // of a word that is kept

  // Nothing if the word is not there. Valid until the next add.
  std::optional<std::span<const std::int32_t>> find(std::string_view word) const {
    const Slot& slot = slots_[place_of(word, hash_of_word(word))];
    if (slot.hash == 0) return std::nullopt;
    return std::span(ids_).subspan(slot.ids_at, slot.ids);
  }
  // A word that is not there, and its tokens. Forgets all others if there are too many.
  void add(std::string_view word, std::span<const std::int32_t> ids);

 private:
  struct Slot {
    std::uint64_t hash = 0;  // 0: free
    std::uint32_t word_at = 0, ids_at = 0;
    std::uint16_t bytes = 0, ids = 0;
  };

  // Eight bytes at a time, each mixed by a multiplication.
  static std::uint64_t hash_of_word(std::string_view word) {
    std::uint64_t hash = 0x9E3779B97F4A7C15u ^ word.size();
    const auto mix = [&](std::uint64_t bytes) {
      hash = (hash ^ bytes) * 0xD6E8FEB86659FD93u;
      hash ^= hash >> 32;
    };
    std::uint64_t bytes = 0;
    while (word.size() > sizeof bytes) {
      std::memcpy(&bytes, word.data(), sizeof bytes);
      mix(bytes);
      word.remove_prefix(sizeof bytes);
    }
    bytes = 0;
    std::memcpy(&bytes, word.data(), word.size());
    mix(bytes);
    return hash | 1;
  }
  std::size_t place_of(std::string_view word, std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = (hash >> 16) & mask;; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.hash == 0) return at;
      if (slot.hash == hash && slot.bytes == word.size() &&
          std::memcmp(words_.data() + slot.word_at, word.data(), word.size()) == 0) {
        return at;
      }
    }
  }
  void grow();

  std::vector<Slot> slots_ = std::vector<Slot>(1024);
  std::size_t used_ = 0;
  std::string words_;
  std::vector<std::int32_t> ids_;
};

}  // namespace pipetrain
