// Which token stands for a word or a character, by how often it occurs. It must not know files,
// rows or models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace pipetrain {

// What a text is cut into. A word is a run of letters, digits and bytes beyond ASCII, its ASCII
// letters in lower case; every other visible character is a word of its own, and so is a line's
// end; other white space only parts words. A character is a code point, or a byte that is not
// UTF-8.
enum class TextUnit : std::uint8_t { kWord, kCharacter };

// The next unit of the text from `at` on, which moves past it; false at the end.
bool next_unit(TextUnit kind, std::span<const std::byte> text, std::size_t& at, std::string& unit);

class Vocabulary {
 public:
  // The first tokens stand for `reserved` words, the last of them for all unknown units.
  explicit Vocabulary(std::vector<std::string> reserved);

  void count(const std::string& unit) { ++counts_[unit]; }
  // Gives tokens to the most frequent units, of equally frequent ones to the first in the order of
  // their bytes, so that there are at most `limit` tokens in all; 0: no limit.
  void settle(int limit);

  int size() const { return static_cast<int>(units_.size()); }
  std::int32_t unknown() const { return unknown_; }
  std::int32_t token_of(const std::string& unit) const;  // after settle()
  // Token by token: the unit as a string or, if it is not valid UTF-8, a list of its bytes.
  nlohmann::json entries() const;

 private:
  std::vector<std::string> units_;  // by token
  std::int32_t unknown_;
  std::unordered_map<std::string, std::int64_t> counts_;
  std::unordered_map<std::string, std::int32_t> tokens_;
};

}  // namespace pipetrain
