#include "data/formats/token_type.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace token_type_test {

namespace {

template <class T>
TokenGuess guess(std::vector<T> values, bool swapped = false) {
  if (swapped) {
    for (T& value : values) {
      auto* const bytes = reinterpret_cast<unsigned char*>(&value);
      std::reverse(bytes, bytes + sizeof value);
    }
  }
  return guess_token_type(std::as_bytes(std::span(values)));
}

// 0, 7, 14, ...
template <class T>
std::vector<T> rising(int count) {
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) values.push_back(static_cast<T>(7 * i));
  return values;
}

void check(const TokenGuess& found, const TokenType& type) {
  CHECK(found.sure);
  CHECK(found.type.text() == type.text());
}

}  // namespace

TEST_CASE("A type is told with its byte order, unless that is the usual one") {
  CHECK(TokenType{}.text() == "uint16");
  CHECK(TokenType{4, false}.text() == "uint32");
  CHECK(TokenType{2, true}.text() == "big-endian uint16");
  CHECK(TokenType{4, true}.text() == "big-endian uint32");
}

TEST_CASE("Width and byte order are told from where small bytes lie") {
  check(guess(rising<std::uint16_t>(100)), {2, false});
  check(guess(rising<std::uint16_t>(100), true), {2, true});
  check(guess(rising<std::uint32_t>(100)), {4, false});
  check(guess(rising<std::uint32_t>(100), true), {4, true});
  std::vector<std::uint32_t> large(100, 100'000);  // beyond 16 bits
  large[3] = 5;
  check(guess(large), {4, false});
  check(guess(large, true), {4, true});
}

TEST_CASE("A few small tokens are not taken for wide ones") {
  std::vector<std::uint16_t> letters(400);
  for (std::size_t i = 0; i < 400; ++i) letters[i] = static_cast<std::uint16_t>(i * i / 3 % 4);
  check(guess(letters), {2, false});
  check(guess(letters, true), {2, true});
}

TEST_CASE("Where nothing tells the type, it is uint16 and not sure") {
  std::vector<std::uint16_t> even(400);
  for (std::size_t i = 0; i < 400; ++i) even[i] = static_cast<std::uint16_t>(i * 40503);
  for (const TokenGuess& found : {guess(even), guess(rising<std::uint16_t>(63)),
                                  guess(std::vector<std::uint16_t>(400)), guess_token_type({})}) {
    CHECK(!found.sure);
    CHECK(found.type == TokenType{});
  }
}

}  // namespace token_type_test
