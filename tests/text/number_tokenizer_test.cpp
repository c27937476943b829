#include "text/number_tokenizer.h"

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "text/subwords/load_tokenizer.h"

using namespace pipetrain;

TEST_CASE("Tokens without a text are numbers") {
  const NumberTokenizer numbers(100, 0);
  CHECK(numbers.vocabulary_size() == 0);
  CHECK(numbers.encode(" 5, 0\n99") == std::vector<std::int32_t>{5, 0, 99});
  CHECK(numbers.decode(std::vector<std::int32_t>{5, 0, 99}, SpecialTokens::kNone) == "5 0 99");
  const auto stream = numbers.stream();
  CHECK(stream->follow("3", std::vector<std::int32_t>{3}) == "3");
  CHECK(stream->add(12) == " 12");
  for (const std::string wrong : {"100", "-1", "5x", "99999999999"}) {
    try {
      numbers.encode(wrong);
      FAIL(wrong);
    } catch (const Error& error) {
      CHECK(contains(error.what(), "'" + wrong + "'", "0 to 99"));
    }
  }
}

TEST_CASE("An empty text of numbers begins after what documents begin with") {
  const auto start = [](const std::string& type, std::int64_t vocabulary) {
    return read_tokenizer("{\"type\": \"" + type + "\"}", {"tokenizer.json"}, vocabulary)
        ->start_token();
  };
  CHECK(start("gpt2", 50257) == 50256);
  CHECK(start("gpt2", 500) == 0);
  CHECK(start("tokens", 50257) == 0);
}
