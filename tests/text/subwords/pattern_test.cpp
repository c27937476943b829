#include "text/subwords/pattern.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "text/subwords/pattern_words.h"

using namespace pipetrain;

namespace {

std::vector<std::string> matches(const Pattern& pattern, const std::string& text) {
  std::vector<std::string> found;
  Pattern::Matches all(pattern, text);
  for (std::size_t begin = 0, end = 0; all.next(begin, end);) {
    found.push_back(text.substr(begin, end - begin));
  }
  return found;
}

std::vector<std::string> matches(const std::string& expression, const std::string& text) {
  const TokenizerPlace place{"tokenizer.json"};
  const nlohmann::json none = nlohmann::json::object();
  return matches(Pattern(expression, JsonPart(none, "split", place)), text);
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("A pattern finds what Oniguruma finds") {
  CHECK(matches(R"(\p{N}{1,3})", "12345") == Texts{"123", "45"});
  CHECK(matches(R"(\p{N}{1,3}+)", "12345") == Texts{"12345"});
  CHECK(matches(R"((?:ab|c){1,2}+)", "abcabcx") == Texts{"abcabc"});
  CHECK(matches(R"(a{1,2}+b)", "aaaab") == Texts{"aaaab"});
  CHECK(matches(R"(\s+)",
                "a \xC2\x85"
                "b\xE1\xA0\x8E") == Texts{" \xC2\x85"});
  CHECK(matches(R"(\w+)", "x\xC2\xB2_") == Texts{"x\xC2\xB2_"});
  CHECK(matches(R"(\p{Han}+)", "\xE4\xB8\xAD\xE3\x80\x82") == Texts{"\xE4\xB8\xAD"});
  CHECK(matches(R"(x*)", "axx") == Texts{"", "xx", ""});
  CHECK(matches(R"(\u0041|\-)", "A-a") == Texts{"A", "-"});
  CHECK(matches(Pattern::literal("a+"), "aa+a+") == Texts{"a+", "a+"});
}

TEST_CASE("What a pattern means elsewhere, or not at all, is refused by name") {
  for (const std::string expression :
       {R"(\h)", R"([a[b]])", R"([a&&b])", R"((?m:a))", R"(\b)", R"((a)\1)", R"([^\S])", R"(a{,3})",
        R"(\Qa\E)", R"((?<n>a))", R"([a)", R"((a)", R"(\p{Klingon})", R"(\)", R"(\u12)", R"(*)"}) {
    INFO(expression);
    CHECK_THROWS_AS(matches(expression, "a"), Error);
  }
}
