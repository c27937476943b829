// What integers a file of bare tokens holds, told from how its bytes are spread. It must not know
// files or vocabularies.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace pipetrain {

struct TokenType {
  int width = 2;         // bytes
  bool swapped = false;  // big-endian
  friend bool operator==(const TokenType&, const TokenType&) = default;
  std::string text() const;  // "uint16", "big-endian uint32"
};

struct TokenGuess {
  TokenType type;
  bool sure = false;  // else nothing tells it, and the type is uint16
};

TokenGuess guess_token_type(std::span<const std::byte> start);

}  // namespace pipetrain
