#include "text/utf8_stream.h"

#include "catch.h"

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
