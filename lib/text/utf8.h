// Text as symbols: Unicode code points, and bytes that are not valid UTF-8 kept as symbols of their
// own above them. It must not know tokens. Validity as in the Unicode standard, table 3-7: no
// overlong forms, no surrogates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pipetrain {

inline constexpr std::uint32_t kFirstByteSymbol = 0x110000;  // + the byte
inline constexpr std::uint32_t kSymbols = kFirstByteSymbol + 256;

// The symbol at `at`, which moves past it.
inline std::uint32_t next_symbol(std::span<const std::byte> text, std::size_t& at) {
  const auto first = std::to_integer<std::uint32_t>(text[at++]);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || text.size() - at < more) return kFirstByteSymbol + first;
  std::uint32_t symbol = first & (0x3Fu >> more);
  for (std::size_t i = 0; i < more; ++i) {
    const auto byte = std::to_integer<std::uint32_t>(text[at + i]);
    if ((byte & 0xC0) != 0x80) return kFirstByteSymbol + first;
    symbol = symbol << 6 | (byte & 0x3F);
  }
  const bool overlong = (more == 2 && symbol < 0x800) || (more == 3 && symbol < 0x10000);
  if (overlong || (symbol >= 0xD800 && symbol < 0xE000) || symbol >= kFirstByteSymbol) {
    return kFirstByteSymbol + first;
  }
  at += more;
  return symbol;
}

// The bytes from `at` on that are the start of a character but not all of it; at least one. They
// become one U+FFFD (Unicode 15, section 3.9, substitution of maximal subparts).
inline std::size_t broken_part(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0xC2 || first > 0xF4 || at + 1 == text.size()) return 1;
  const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(at + 1) < low || byte(at + 1) > high) return 1;
  const std::size_t whole = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  std::size_t length = 2;
  while (length < whole && at + length < text.size() && (byte(at + length) & 0xC0) == 0x80)
    ++length;
  return length;
}

// The UTF-8 form of a code point.
inline std::string encode_utf8(std::uint32_t symbol) {
  auto byte = [](std::uint32_t x) { return static_cast<char>(static_cast<unsigned char>(x)); };
  if (symbol < 0x80) return {byte(symbol)};
  if (symbol < 0x800) return {byte(0xC0 | symbol >> 6), byte(0x80 | (symbol & 0x3F))};
  if (symbol < 0x10000) {
    return {byte(0xE0 | symbol >> 12), byte(0x80 | (symbol >> 6 & 0x3F)),
            byte(0x80 | (symbol & 0x3F))};
  }
  return {byte(0xF0 | symbol >> 18), byte(0x80 | (symbol >> 12 & 0x3F)),
          byte(0x80 | (symbol >> 6 & 0x3F)), byte(0x80 | (symbol & 0x3F))};
}

}  // namespace pipetrain
