#include "generate/sequence.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "text/subwords/load_tokenizer.h"

using namespace pipetrain;

namespace {

std::unique_ptr<Tokenizer> letter_tokenizer() {
  return read_tokenizer(R"({"type": "char", "vocabulary": ["a", "b", "c", "\n"]})",
                        {"tokenizer.json"});
}

std::unique_ptr<Tokenizer> bytes() {
  return read_tokenizer(R"({"type": "byte"})", {"tokenizer.json"});
}

}  // namespace

TEST_CASE("A sequence ends after so many tokens, at a token or at a text") {
  const auto tokenizer = letter_tokenizer();
  const std::vector<std::int32_t> prompt = {0, 1};
  const auto all = [&](SequenceOptions options, const std::vector<std::int32_t>& tokens) {
    options.context = 8;
    Sequence sequence(*tokenizer, options);
    std::string text = sequence.begin("ab", prompt, 4);
    for (const std::int32_t token : tokens) {
      REQUIRE(!sequence.ended());
      text += sequence.add(token);
    }
    REQUIRE(sequence.ended());
    CHECK(sequence.made() == static_cast<std::int64_t>(tokens.size()));
    return text + " " + name_of(sequence.end());
  };
  CHECK(all({}, {0, 0, 1, 2}) == "abaabc tokens");
  CHECK(all({.ends = {3}}, {2, 3}) == "abc end");
  CHECK(all({.stops = {"ca"}}, {2, 2, 0}) == "abc stop");
  CHECK(all({.stops = {"ba"}}, {0, 2, 1, 0}) == "abac stop");
  CHECK(all({.stops = {"caa"}}, {1, 1, 2, 0}) == "abbbca tokens");
}

TEST_CASE("Half a character is shown when it is whole, or as none at the end") {
  const auto tokenizer = bytes();
  const std::vector<std::int32_t> prompt = {'x'};
  Sequence sequence(*tokenizer, {.context = 8});
  CHECK(sequence.begin("x", prompt, 3) == "x");
  CHECK(sequence.add(0xC3).empty());
  CHECK(sequence.add(0xA9) == "\xC3\xA9");
  CHECK(sequence.add(0xC3) == "\xEF\xBF\xBD");
}

TEST_CASE("A conversation goes on behind the tokens before, with a count and stops of its own") {
  const auto tokenizer = letter_tokenizer();
  const std::vector<std::int32_t> prompt = {0, 1}, more = {2, 2, 2};
  Sequence sequence(*tokenizer, {.context = 8, .stops = {"a"}});
  sequence.begin("ab", prompt, 2);
  CHECK(sequence.next().tokens == 2);
  CHECK(sequence.add(1) == "b");
  CHECK(sequence.next().begin == 2);
  CHECK(sequence.add(0).empty());
  CHECK(sequence.end() == SequenceEnd::kStopText);
  sequence.go_on("ccc", more, 1);
  CHECK(sequence.length() == 7);
  const SlidingWindow::NewTokens next = sequence.next();
  CHECK(next.begin == 3);
  CHECK(next.tokens == 4);
  CHECK(sequence.add(2) == "c");
  CHECK(sequence.made() == 1);
  CHECK(sequence.end() == SequenceEnd::kTokens);
}
