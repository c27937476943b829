#include "generate/sliding_window.h"

#include <cstdint>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A full window begins again with its last half") {
  SlidingWindow window(8);
  const auto check = [&](std::int64_t length, std::int64_t begin, std::int64_t tokens,
                         std::int64_t position) {
    const SlidingWindow::NewTokens part = window.next(length);
    CHECK(part.begin == begin);
    CHECK(part.tokens == tokens);
    CHECK(part.first_position == position);
  };
  check(6, 0, 6, 0);
  check(7, 6, 1, 6);
  check(8, 7, 1, 7);
  check(9, 5, 4, 0);
  check(10, 9, 1, 4);
  for (std::int64_t length = 11; length <= 13; ++length) window.next(length);
  check(14, 10, 4, 0);
}

TEST_CASE("Of a longer prompt the model sees its last row") {
  SlidingWindow window(8);
  const SlidingWindow::NewTokens part = window.next(21);
  CHECK(part.begin == 13);
  CHECK(part.tokens == 8);
  CHECK(part.first_position == 0);
  CHECK(window.next(22).begin == 18);
  SlidingWindow shortest(1);
  for (std::int64_t length = 1; length < 4; ++length) {
    const SlidingWindow::NewTokens next = shortest.next(length);
    CHECK(next.begin == length - 1);
    CHECK(next.tokens == 1);
  }
}
