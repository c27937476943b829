#include "base/random.h"

#include <cmath>
#include <cstddef>

namespace pipetrain {

RandomWords philox(std::uint64_t key, std::uint64_t counter_low, std::uint64_t counter_high) {
  constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  auto word = [](std::uint64_t x, int i) { return static_cast<std::uint32_t>(x >> (32 * i)); };
  RandomWords c = {word(counter_low, 0), word(counter_low, 1), word(counter_high, 0),
                   word(counter_high, 1)};
  std::uint32_t k0 = word(key, 0), k1 = word(key, 1);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{kMultiplier0} * c[0];
    const std::uint64_t p1 = std::uint64_t{kMultiplier1} * c[2];
    c = {word(p1, 1) ^ c[1] ^ k0, word(p1, 0), word(p0, 1) ^ c[3] ^ k1, word(p0, 0)};
    k0 += kWeyl0;
    k1 += kWeyl1;
  }
  return c;
}

std::uint64_t random_key(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdULL;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53ULL;
  return hash ^ (hash >> 33) ^ seed;
}

float uniform_from(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

float normal_at(std::uint64_t key, std::uint64_t index) {
  const RandomWords words = philox(key, index / 4);
  const auto pair = static_cast<std::size_t>(index % 4 / 2) * 2;
  const float radius = std::sqrt(-2.0f * std::log(1.0f - uniform_from(words[pair])));
  const float angle = 6.2831853071795865f * uniform_from(words[pair + 1]);
  return index % 2 == 0 ? radius * std::cos(angle) : radius * std::sin(angle);
}

std::uint64_t integer_at(std::uint64_t key, std::uint64_t counter_low, std::uint64_t counter_high,
                         std::uint64_t bound) {
  const RandomWords words = philox(key, counter_low, counter_high);
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t word = std::uint64_t{words[0]} << 32 | words[1];
  return static_cast<std::uint64_t>((Wide{word} * bound) >> 64);
}

}  // namespace pipetrain
