#include "text/text_cut.h"

#include <cstddef>
#include <string>

#include "catch.h"

using namespace pipetrain;

namespace {

const std::string kBehind = "....";

// The text up to the cut.
std::string cut(const std::string& text, std::size_t least = 1) {
  return text.substr(0, likely_cut(text + kBehind, least, text.size()));
}

}  // namespace

TEST_CASE("A text is cut before the last blank between visible characters, else behind a line") {
  CHECK(cut("one two three\nfour") == "one two");
  CHECK(cut("one two three", 8).empty());
  CHECK(cut("one two three", 7) == "one two");
  CHECK(cut("one  two").empty());
  CHECK(cut("one 2").empty());
  CHECK(cut("one. two</s> three") == "one.");
  CHECK(cut("\u00e9 a").empty());
  CHECK(cut("one\ntwo") == "one\n");
  CHECK(cut("\u4e00\u3002\n\u4e01") == "\u4e00\u3002\n");
  CHECK(cut("one\n\ntwo").empty());
  CHECK(cut("one\r\ntwo").empty());
  CHECK(cut("one\n two").empty());
  CHECK(cut("\u4e00\n\u3000\u4e01").empty());  // white space
  CHECK(cut("one\n\u0301two").empty());        // a mark
  CHECK(cut("\ntwo").empty());
}

TEST_CASE("What follows a cut ends before a byte of ASCII") {
  const std::string text = "a\u00e9b\u00e9\u00e9";
  CHECK(last_before_ascii(text, 1, 7) == 3);
  CHECK(last_before_ascii(text, 4, 7) == 4);
  CHECK(last_before_ascii("abc", 0, 2) == 2);
}
