// Unicode characters of valid UTF-8, and the classes of them that tokenizers speak of. It must not
// know tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pipetrain {

// The character at `at`, which moves past it. The text is valid UTF-8.
inline std::uint32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&] { return static_cast<unsigned char>(text[at++]); };
  const std::uint32_t first = byte();
  if (first < 0x80) return first;
  std::uint32_t character = first & (first >= 0xF0 ? 0x07u : first >= 0xE0 ? 0x0Fu : 0x1Fu);
  for (int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1; more > 0; --more) {
    character = character << 6 | (byte() & 0x3Fu);
  }
  return character;
}

// Where the character before `at` begins.
inline std::size_t previous_character(std::string_view text, std::size_t at) {
  do --at;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

inline std::size_t count_characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

// Calls visit(character, its bytes) for each.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const std::uint32_t character = next_character(text, at);
    visit(character, text.substr(start, at - start));
  }
}

bool is_ascii(std::string_view text);
// With U+FFFD for each longest part that is no UTF-8 (Unicode standard 3.9, "maximal subparts");
// nothing if there is none.
std::optional<std::string> with_replacements(std::string_view text);

// Property White_Space.
inline bool is_white_space(std::uint32_t c) {
  if (c < 0x80) return c == ' ' || (c >= '\t' && c <= '\r');
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
bool is_punctuation(std::uint32_t c);      // categories P, and all signs of ASCII
bool is_number(std::uint32_t c);           // categories N
bool is_mark(std::uint32_t c);             // categories M
bool is_nonspacing_mark(std::uint32_t c);  // category Mn
bool is_control(std::uint32_t c);          // categories Cc, Cf and Co
std::string lower_case(std::uint32_t c);   // as UTF-8

}  // namespace pipetrain
