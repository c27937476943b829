#include "data/formats/token_split.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace token_split_test {

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

TEST_CASE("Random blocks of tokens validate, and all others train") {
  const DataConfig config{.validation = Validation::kRandom, .validation_fraction = 0.2};
  for (const std::int64_t tokens : {100, 5000, 1000003}) {
    const TokenSplit split = split_tokens(config, tokens, tokens, 8, 7);
    CHECK(tokens_of(split.training) + tokens_of(split.validation) == tokens);
    std::vector<TokenRange> all = split.training;
    all.insert(all.end(), split.validation.begin(), split.validation.end());
    std::ranges::sort(all, {}, &TokenRange::first);
    std::int64_t at = 0;
    for (const TokenRange& range : all) {
      CHECK(range.first == at);
      at += range.count;
    }
    if (tokens > 1000) {
      const double share =
          static_cast<double>(tokens_of(split.validation)) / static_cast<double>(tokens);
      CHECK(std::abs(share - 0.2) < 0.02);
      CHECK(split.validation.size() > 3);
    }
  }
}

TEST_CASE("The seed draws the blocks") {
  const DataConfig config{.validation = Validation::kRandom, .validation_fraction = 0.2};
  const auto drawn = [&](std::uint64_t seed) {
    return split_tokens(config, 100'000, 100'000, 8, seed).validation;
  };
  CHECK(drawn(1) == drawn(1));
  CHECK(drawn(1) != drawn(2));
}

TEST_CASE("Files of their own validate, whatever the fraction") {
  const DataConfig config{.validation = Validation::kFiles, .validation_fraction = 0};
  const TokenSplit split = split_tokens(config, 100, 60, 8, 1);
  CHECK(split.training == Ranges{{0, 60}});
  CHECK(split.validation == Ranges{{60, 40}});
}

}  // namespace token_split_test
