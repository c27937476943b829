#include "data/formats/token_source.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/labelled_rows.h"

using namespace pipetrain;

namespace token_source_test {

namespace {

// Token i of the corpus is i.
Corpus numbers(int count) {
  std::vector<std::uint16_t> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), std::uint16_t{0});
  const auto bytes = std::as_bytes(std::span(values));
  Corpus corpus("made up tokens", {{"type", "made up"}});
  corpus.append("a.bin", {bytes.begin(), bytes.end()}, 2);
  return corpus;
}

// What of a row and a vocabulary is asked for.
struct Asked {
  int length = 4, vocabulary = 0;
  std::uint64_t seed = 1;
  Windows windows = Windows::kDrawn;
};

TokenSource source_of(Corpus corpus, const TokenSplit& split, const Asked& asked = {}) {
  const DataConfig config{.windows = asked.windows};
  Warnings warnings;
  return {std::move(corpus), split,
          DataRequest{config, asked.length, asked.seed, asked.vocabulary, warnings}};
}

TokenSource source_of(int tokens, const TokenSplit& split, const Asked& asked = {}) {
  return source_of(numbers(tokens), split, asked);
}

const TokenSplit kHalves = {{{0, 10}}, {{10, 10}}};

}  // namespace

TEST_CASE("Windows begin where one and the token behind it fit into a range") {
  const WindowPlaces every({{0, 7}, {10, 4}, {20, 6}}, 4, 1);
  REQUIRE(every.count() == 5);  // none in the range of four tokens
  std::vector<std::int64_t> tokens(5);
  for (std::int64_t place = 0; place < 5; ++place) {
    tokens[static_cast<std::size_t>(place)] = every.token_at(place);
  }
  CHECK(tokens == std::vector<std::int64_t>{0, 1, 2, 20, 21});
  const WindowPlaces apart({{0, 13}, {20, 9}}, 4, 4);
  REQUIRE(apart.count() == 5);
  CHECK(apart.token_at(2) == 8);
  CHECK(apart.token_at(3) == 20);
  CHECK(apart.token_at(4) == 24);
  CHECK(WindowPlaces({}, 4, 1).count() == 0);
}

TEST_CASE("Targets are the inputs one token later") {
  const TokenSource source = source_of(20, kHalves);
  const LabelledRows rows = epoch_rows(source, 0, 0, 50);
  for (std::size_t i = 0; i < rows.tokens().size(); ++i) {
    CHECK(rows.labels()[i] == rows.tokens()[i] + 1);
  }
}

TEST_CASE("In epochs every token trains once, in an order of the epoch's own") {
  const TokenSource source = source_of(33, {{{0, 33}}, {}}, {.windows = Windows::kEpochs});
  REQUIRE(source.training_rows() == 8);
  std::set<std::vector<std::int32_t>> orders;
  for (std::int64_t epoch = 0; epoch < 4; ++epoch) {
    const std::vector<std::int32_t> tokens = epoch_rows(source, epoch, 0, 8).tokens();
    std::vector<std::int32_t> sorted = tokens;
    orders.insert(tokens);
    std::ranges::sort(sorted);
    std::vector<std::int32_t> all(32);
    std::iota(all.begin(), all.end(), 0);
    CHECK(sorted == all);
    const std::vector<std::int32_t> later = epoch_rows(source, epoch, 5, 3).tokens();
    CHECK(std::equal(later.begin(), later.end(), tokens.begin() + 20));  // the same by themselves
  }
  CHECK(orders.size() > 1);
  CHECK(source_of(33, {{{0, 33}}, {}}).training_rows() == 0);
}

TEST_CASE("Training windows reach every place of the training part and nothing else") {
  const LabelledRows rows = epoch_rows(source_of(20, kHalves), 0, 0, 200);
  std::set<std::int32_t> firsts;
  for (std::size_t i = 0; i < 200; ++i) firsts.insert(rows.tokens()[4 * i]);
  CHECK(firsts == std::set<std::int32_t>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("A row depends on the seed, the step and its number alone") {
  const TokenSplit all = {{{0, 5000}}, {}};
  const TokenSource source = source_of(5000, all), other = source_of(5000, all, {.seed = 2});
  const auto rows = epoch_rows(source, 3, 0, 6).tokens();
  CHECK(epoch_rows(source_of(5000, all), 3, 0, 6).tokens() == rows);
  CHECK(epoch_rows(source, 3, 4, 2).tokens() ==
        std::vector<std::int32_t>(rows.begin() + 16, rows.end()));
  CHECK(epoch_rows(source, 4, 0, 6).tokens() != rows);
  CHECK(epoch_rows(other, 3, 0, 6).tokens() != rows);
}

TEST_CASE("Validation rows follow each other over the whole split") {
  const TokenSource source = source_of(30, {{{0, 10}}, {{10, 20}}});
  REQUIRE(source.validation_rows() == 4);  // 19 targets: 4 whole rows
  const auto tokens = validation_rows(source).tokens();
  for (std::size_t i = 0; i < tokens.size(); ++i) CHECK(tokens[i] == 10 + static_cast<int>(i));
  CHECK(source_of(10, {{{0, 10}}, {}}).validation_rows() == 0);
}

TEST_CASE("A part that is too short for a row is named") {
  const auto refusal = [](int tokens, const TokenSplit& split, int length) {
    return data_error_of([&] { source_of(tokens, split, {.length = length}); }, "a.bin");
  };
  CHECK(refusal(20, kHalves, 9) == "no error");
  CHECK(refusal(20, kHalves, 10)
            .starts_with("the training part has 10 tokens, expected at least 11"));
  CHECK(refusal(20, {{{0, 16}}, {{16, 4}}}, 4)
            .starts_with("the validation part has 4 tokens, expected at least 5"));
}

TEST_CASE("The vocabulary is what was asked for, or one more than the largest token") {
  CHECK(source_of(20, kHalves).vocabulary() == 20);
  CHECK(source_of(20, kHalves, {.vocabulary = 50}).vocabulary() == 50);
  CHECK(data_error_of([] { source_of(20, kHalves, {.vocabulary = 19}); }, "a.bin")
            .starts_with("token 19 is 19, beyond the vocabulary of 19"));
  Corpus corpus("made up tokens", {});
  corpus.append("a.bin", std::vector<std::byte>(400, std::byte{1}), 4);  // 0x1010101
  const TokenSplit all = {{{0, 100}}, {}};
  CHECK(data_error_of([&] { source_of(std::move(corpus), all); }, "a.bin")
            .starts_with("the largest token is 16843009, expected less than 16777216"));
}

TEST_CASE("What trains and validates is described; only of a split in order it is a place") {
  const TokenSource source = source_of(20, {{{0, 12}}, {{12, 8}}});
  CHECK(source.description() ==
        "made up tokens of a.bin: vocabulary 20, 12 tokens train, 8 validate");
  CHECK(source.split().training == 12);
  CHECK(source.split().all == 20);
  CHECK(source_of(20, {{{8, 12}}, {{0, 8}}}).split().all == 0);
}

}  // namespace token_source_test
