#include "text/tokenizer.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/formats/formats.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace {

Tokenizer tokenizer_of(const std::string& json) { return {json, "tokenizer.json"}; }

// The tokenizer that training on this text writes.
Tokenizer trained(TokenizerKind kind, const std::string& text) {
  const TemporaryFolder folder;
  const auto source = open_source({.format = "text",
                                   .path = {folder.write("corpus.txt", text)},
                                   .tokenizer = kind,
                                   .validation_fraction = 0},
                                  2, 1);
  return tokenizer_of(source->tokenizer().dump());
}

// Encoded and put together again.
std::string there_and_back(const Tokenizer& tokenizer, const std::string& text) {
  std::string back;
  for (const std::int32_t token : tokenizer.encode(text, 256)) {
    back += tokenizer.text_of(token, back.empty() ? '\0' : back.back());
  }
  return back;
}

template <class Body>
std::string error_of(ExitCode code, const Body& body) {
  try {
    body();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Text comes back from its tokens, whatever the tokenizer") {
  const std::string text = "na\xC3\xAFve\n\xE2\x82\xAC 5, or \xFF?";
  for (const TokenizerKind kind : {TokenizerKind::kCharacters, TokenizerKind::kBytes}) {
    CHECK(there_and_back(trained(kind, text), text) == text);
  }
  const std::string words = "he said (twice), \"go home\": now.\nyes!";
  CHECK(
      there_and_back(trained(TokenizerKind::kWords, words), "He said (twice), go:  now.\n\nYes!") ==
      "he said (twice), go: now.\n\nyes!");
}

TEST_CASE("What the tokenizer does not know is named, or is the unknown word") {
  const Tokenizer characters = trained(TokenizerKind::kCharacters, "abc\n");
  const auto refusal = [&](const std::string& text) {
    return error_of(ExitCode::kConfiguration, [&] { characters.encode(text, 4); });
  };
  CHECK(contains(refusal("ab\xC3\xA9"), "'\xC3\xA9' (U+00E9)", "4 characters"));
  CHECK(contains(refusal("\t"), " U+0009 "));
  CHECK(contains(refusal("a\xFF"), "byte 0xFF"));
  const Tokenizer words = trained(TokenizerKind::kWords, "one two\n");
  CHECK(words.encode("one five", 10) == std::vector<std::int32_t>{words.encode("one", 10)[0], 0});
}

TEST_CASE("Tokens without a text are numbers") {
  const Tokenizer numbers = tokenizer_of(R"({"type": "tokens"})");
  CHECK(numbers.size() == 0);
  CHECK(numbers.encode(" 5, 0\n99", 100) == std::vector<std::int32_t>{5, 0, 99});
  CHECK(numbers.text_of(12, '3') == " 12");
  for (const std::string wrong : {"100", "-1", "5x", "99999999999"}) {
    CHECK(contains(error_of(ExitCode::kConfiguration, [&] { numbers.encode(wrong, 100); }),
                   "'" + wrong + "'", "0 to 99"));
  }
}

TEST_CASE("An empty text begins after a line's end, or the first token") {
  CHECK(trained(TokenizerKind::kBytes, "abc").start_token(256) == '\n');
  CHECK(trained(TokenizerKind::kCharacters, "a\nb").start_token(3) == 0);
  CHECK(trained(TokenizerKind::kCharacters, "bab").start_token(2) == 0);
  CHECK(tokenizer_of(R"({"type": "gpt2"})").start_token(50257) == 50256);
  CHECK(tokenizer_of(R"({"type": "gpt2"})").start_token(500) == 0);
}

TEST_CASE("A damaged tokenizer is refused") {
  for (const std::string json :
       {"", "[]", R"({"type": 3})", R"({"type": "char"})", R"({"type": "char", "vocabulary": []})",
        R"({"type": "char", "vocabulary": [300]})", R"({"type": "word", "vocabulary": [["a"]]})",
        R"({"type": "word", "vocabulary": ["a"], "unknown": 7})"}) {
    INFO(json);
    CHECK(contains(error_of(ExitCode::kCheckpoint, [&] { tokenizer_of(json); }),
                   "checkpoint: tokenizer.json: "));
  }
}

TEST_CASE("A stream shows whole characters only, and valid ones") {
  Utf8Stream stream;
  CHECK(stream.add("a\xE2") == "a");
  CHECK(stream.add("\x82") == "");
  CHECK(stream.add("\xAC"
                   "b") ==
        "\xE2\x82\xAC"
        "b");
  CHECK(stream.add("\xFF") == "\xEF\xBF\xBD");
  CHECK(stream.add("\xC3") == "");
  CHECK(stream.add("c") ==
        "\xEF\xBF\xBD"
        "c");
  CHECK(stream.finish() == "");
  CHECK(stream.add("\xF0\x9F") == "");
  CHECK(stream.finish() == "\xEF\xBF\xBD");
}
