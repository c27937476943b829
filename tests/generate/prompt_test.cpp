#include "generate/prompt.h"

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "text/subwords/load_tokenizer.h"

using namespace pipetrain;

namespace {

LanguageModel of(const std::string& tokenizer, std::int64_t vocabulary) {
  return {.config = {},
          .tokenizer = read_tokenizer(tokenizer, {"tokenizer.json"}, vocabulary),
          .layers = {},
          .context = 4,
          .vocabulary = vocabulary};
}

}  // namespace

TEST_CASE("A text begins with its prompt, or after a line's end if there is none") {
  const LanguageModel lines = of(R"({"type": "char", "vocabulary": ["a", "b", "\n"]})", 3);
  CHECK(prompt_tokens(lines, "bab") == std::vector<std::int32_t>{1, 0, 1});
  CHECK(prompt_tokens(lines, "") == std::vector<std::int32_t>{2});
  const LanguageModel none = of(R"({"type": "char", "vocabulary": ["a", "b"]})", 2);
  CHECK(prompt_tokens(none, "") == std::vector<std::int32_t>{0});
  CHECK_THROWS_AS(prompt_tokens(lines, "abc"), Error);
}

TEST_CASE("Tokens without a text are given as numbers below the model's vocabulary") {
  const LanguageModel numbers = of(R"({"type": "tokens"})", 13);
  CHECK(prompt_tokens(numbers, "12 3") == std::vector<std::int32_t>{12, 3});
  CHECK_THROWS_AS(prompt_tokens(numbers, "13"), Error);
}
