#include "base/suggest.h"

#include "catch.h"

using namespace pipetrain;

TEST_CASE("The nearest word is the one of least edit distance") {
  CHECK(nearest_word("bach_size", {"steps", "batch_size", "seed"}) == "batch_size");
  CHECK(nearest_word("1fb1", {"gpipe", "1f1b"}) == "1f1b");
  CHECK(nearest_word("x", {}).empty());
}

TEST_CASE("Words are listed as in a sentence") {
  CHECK(listed({}).empty());
  CHECK(listed({"a"}) == "a");
  CHECK(listed({"a", "b"}) == "a and b");
  CHECK(listed({"a", "b", "c"}) == "a, b and c");
}
