#include "text/characters.h"

#include <cstddef>
#include <string>

#include "catch.h"

using namespace pipetrain;

TEST_CASE(
    "What is no UTF-8 becomes U+FFFD, once for each longest part that a character begins with") {
  const std::string mark = "\xEF\xBF\xBD";
  CHECK_FALSE(with_replacements("abc \xC3\xA9\xF0\x9F\x98\x80"));
  CHECK(with_replacements("a\xE2\x82z") == "a" + mark + "z");
  CHECK(with_replacements("\xE2\x82") == mark);
  CHECK(with_replacements("\xF0\x9F\x98\xF0\x9F") == mark + mark);
  CHECK(with_replacements("\xED\xA0\x80") == mark + mark + mark);
  CHECK(with_replacements("\xC0\xAF") == mark + mark);
  CHECK(with_replacements("\xF4\x90\x80\x80x") == mark + mark + mark + mark + "x");
}

TEST_CASE("Characters are read from both ends") {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
  CHECK(count_characters(text) == 4);
  std::size_t at = 1;
  CHECK(next_character(text, at) == 0xE9);
  CHECK(next_character(text, at) == 0x20AC);
  CHECK(next_character(text, at) == 0x1F600);
  CHECK(at == text.size());
  CHECK(previous_character(text, text.size()) == 6);
  CHECK(previous_character(text, 3) == 1);
}

TEST_CASE("Classes of characters") {
  CHECK(is_white_space(0x85));
  CHECK_FALSE(is_white_space(0x180E));
  CHECK((is_punctuation('$') && is_punctuation(0xBF) && !is_punctuation('a') &&
         !is_punctuation(' ')));
  CHECK((is_number(0xBD) && is_number('7') && !is_number('x')));
  CHECK((is_mark(0x301) && is_nonspacing_mark(0x301) && !is_nonspacing_mark(0x903)));
  CHECK((is_control(0xAD) && is_control(7) && !is_control('a')));
  CHECK(lower_case(0x130) == "i\xCC\x87");
  CHECK(lower_case(0xC4) == "\xC3\xA4");
  CHECK((is_ascii("abcdefghij") && !is_ascii("abcdefghi\xC3\xA4") && is_ascii("")));
}
