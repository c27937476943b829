// A random order of the numbers below n that is computed number by number: nothing is stored, and
// nothing but (n, key) decides it. A Feistel network over the smallest even number of bits that
// holds n (Luby and Rackoff 1988), walked along its cycle until the result is below n (Black and
// Rogaway, CT-RSA 2002, "Ciphers with arbitrary finite domains", section 3).
#pragma once

#include <cstdint>

namespace pipetrain {

class Permutation {
 public:
  Permutation(std::int64_t size, std::uint64_t key);

  std::int64_t at(std::int64_t index) const;  // index in [0, size)

 private:
  std::uint64_t encipher(std::uint64_t value) const;

  std::uint64_t size_, key_;
  int half_bits_ = 1;
};

}  // namespace pipetrain
