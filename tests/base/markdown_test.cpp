#include "base/markdown.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("Words to choose from are in code, the last behind or") {
  CHECK(either({"a"}) == "`a`");
  CHECK(either({"a", "b"}) == "`a` or `b`");
  CHECK(either({"a", "b", "c"}) == "`a`, `b` or `c`");
}

TEST_CASE("A table has a line of heads, one of dashes and one for each row") {
  CHECK(markdown_table({"x", "y"}, {{"1", "2"}, {"", "4"}}) ==
        "| x | y |\n| --- | --- |\n| 1 | 2 |\n|  | 4 |\n");
}
