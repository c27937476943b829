#include "data/formats/token_split.h"

#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

using Ranges = std::vector<TokenRange>;

}  // namespace

TEST_CASE("The last part validates, or nothing") {
  const TokenSplit split = split_tokens({.validation_fraction = 0.25}, 100, 100, 8, 1);
  CHECK(split.training == Ranges{{0, 75}});
  CHECK(split.validation == Ranges{{75, 25}});
  const TokenSplit none = split_tokens({.validation_fraction = 0}, 100, 100, 8, 1);
  CHECK(none.training == Ranges{{0, 100}});
  CHECK(none.validation.empty());
}

TEST_CASE("Tokens of ranges are counted") {
  CHECK(tokens_of({}) == 0);
  CHECK(tokens_of({{3, 5}, {10, 1}}) == 6);
}
