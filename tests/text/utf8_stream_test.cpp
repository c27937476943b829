#include "text/utf8_stream.h"

#include <cstddef>
#include <random>
#include <string>

#include "catch.h"
#include "text/characters.h"

using namespace pipetrain;

TEST_CASE("A stream shows whole characters only, and valid ones") {
  Utf8Stream stream;
  CHECK(stream.add("a\xE2") == "a");
  CHECK(stream.add("\x82") == "");
  CHECK(stream.add("\xAC"
                   "b") ==
        "\xE2\x82\xAC"
        "b");
  CHECK(stream.add("\xFF") == "\xEF\xBF\xBD");
  CHECK(stream.add("\xC3") == "");
  CHECK(stream.add("c") ==
        "\xEF\xBF\xBD"
        "c");
  CHECK(stream.finish() == "");
  CHECK(stream.add("\xF0\x9F") == "");
  CHECK(stream.finish() == "\xEF\xBF\xBD");
}

TEST_CASE("The start of a character that does not go on is shown once") {
  Utf8Stream stream;
  CHECK(stream.add("\xE3") == "");
  CHECK(stream.add("\x81") == "");
  CHECK(stream.add("7") ==
        "\xEF\xBF\xBD"
        "7");
  CHECK(stream.add("\xE0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("Bytes that come one by one show what they show as a whole") {
  std::mt19937 random(5);
  const std::string signs = "a\x7F\x80\x9F\xA0\xBF\xC1\xC2\xE0\xE3\xED\xF0\xF4\xF5";
  for (int round = 0; round < 2000; ++round) {
    std::string bytes, shown;
    for (std::size_t i = 0; i < 12; ++i) bytes += signs[random() % signs.size()];
    Utf8Stream stream;
    for (const char byte : bytes) shown += stream.add({&byte, 1});
    shown += stream.finish();
    CHECK(shown == with_replacements(bytes).value_or(bytes));
  }
}
