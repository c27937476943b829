// Tokenizers of each kind with the ids and texts that the library `tokenizers` makes of hard texts;
// scripts/tokenizer_golden.py wrote them.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "text/subwords/golden_files.h"
#include "text/utf8.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

// The rule of scripts/tokenizer_golden.py.
std::string long_text(int kind) {
  std::string text;
  std::uint64_t state = 1;
  while (text.size() < 1'000'000) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t letter = state >> 33;
    if (kind == 2 || (kind == 1 && letter % 5 == 0)) {
      text += ' ';
    } else if (kind == 3) {
      text += encode_utf8(static_cast<std::uint32_t>(0x4E00 + letter % 200));
    } else {
      text += static_cast<char>('a' + letter / 7 % 16);
    }
  }
  return text;
}

std::string hash_of_ids(const std::vector<std::int32_t>& ids) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const std::int32_t id : ids) hash = (hash ^ static_cast<std::uint64_t>(id)) * 0x100000001B3u;
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[hash >> shift & 15];
  return digits;
}

std::string streamed(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids) {
  const auto stream = tokenizer.stream();
  std::string shown;
  for (const std::int32_t id : ids) {
    const std::string part = stream->add(id);
    CHECK(!part.starts_with("\xBF"));
    shown += part;
  }
  return shown += stream->finish();
}

}  // namespace

TEST_CASE("Ids and texts are those of the library tokenizers, for each kind of tokenizer") {
  const std::vector<std::string> all = golden_texts();
  for (const std::string& name : golden_names()) {
    INFO(name);
    const auto tokenizer = golden_tokenizer(name);
    const json expected = golden_file(name + ".ids");
    CHECK(tokenizer->vocabulary_size() == expected["vocabulary"].get<std::int32_t>());
    REQUIRE(expected["ids"].size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      INFO(i << ": " << all[i]);
      const auto ids = tokenizer->encode(all[i]);
      CHECK(ids == expected["ids"][i].get<std::vector<std::int32_t>>());
      CHECK(tokenizer->encode(all[i], SpecialTokens::kAround) ==
            expected["special"][i].get<std::vector<std::int32_t>>());
      CHECK(tokenizer->decode(ids, SpecialTokens::kNone) == expected["text"][i].get<std::string>());
    }
  }
}

TEST_CASE("A megabyte without a space has the library's ids, too") {
  for (const std::string name : {"gpt2", "llama3", "llama2", "unigram", "bert"}) {
    const auto tokenizer = golden_tokenizer(name);
    const json expected = golden_file(name + ".ids");
    for (const json& one : expected["long"]) {
      INFO(name << ", text " << one[0]);
      const auto ids = tokenizer->encode(long_text(one[0].get<int>()));
      CHECK(ids.size() == one[1].get<std::size_t>());
      CHECK(hash_of_ids(ids) == one[2].get<std::string>());
    }
  }
}

TEST_CASE("A stream of tokens shows the text that decoding gives") {
  for (const std::string name : {"bert", "gpt2", "llama2", "mistral", "qwen", "unigram_bytes"}) {
    const auto tokenizer = golden_tokenizer(name);
    for (const std::string& text : golden_texts()) {
      INFO(name << ": " << text);
      const auto ids = tokenizer->encode(text);
      CHECK(streamed(*tokenizer, ids) == tokenizer->decode(ids, SpecialTokens::kNone));
    }
  }
}
