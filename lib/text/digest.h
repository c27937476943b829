// A short name for contents: the same bytes, the same digits, on every machine. It tells things
// apart, but does not protect against somebody who wants two of the same name. It must not know
// what it hashes. FNV-1a of 64 bits (Fowler, Noll, Vo), with a last mixing (Steele, Lea and Flood,
// "Fast splittable pseudorandom number generators", 2014).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pipetrain {

inline std::uint64_t hash_of(std::string_view bytes) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  }
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9u;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBu;
  return hash ^ (hash >> 31);
}

// 16 hexadecimal digits.
inline std::string digest_of(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string digest;
  const std::uint64_t hash = hash_of(bytes);
  for (int shift = 60; shift >= 0; shift -= 4) digest += kDigits[hash >> shift & 15];
  return digest;
}

}  // namespace pipetrain
