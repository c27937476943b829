#include "text/unit_tokenizer.h"

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/formats/formats.h"
#include "data/temporary_folder.h"
#include "text/subwords/load_tokenizer.h"
#include "text/utf8_stream.h"

using namespace pipetrain;

namespace {

// The tokenizer that training on this text writes.
std::unique_ptr<Tokenizer> trained(TokenizerKind kind, const std::string& text) {
  const TemporaryFolder folder;
  const auto source = open_source({.format = "text",
                                   .path = {folder.write("corpus.txt", text)},
                                   .tokenizer = kind,
                                   .validation_fraction = 0},
                                  2, 1);
  return read_tokenizer(source->tokenizer().dump(), {"tokenizer.json"});
}

// Encoded and put together again, at once and token by token.
std::string there_and_back(const Tokenizer& tokenizer, const std::string& text) {
  const std::vector<std::int32_t> tokens = tokenizer.encode(text);
  const auto stream = tokenizer.stream();
  std::string shown;
  for (const std::int32_t token : tokens) shown += stream->add(token);
  shown += stream->finish();
  const std::string back = tokenizer.decode(tokens, SpecialTokens::kNone);
  Utf8Stream valid;
  CHECK(shown == valid.add(back) + valid.finish());
  return back;
}

std::string refusal_of(const Tokenizer& tokenizer, const std::string& text) {
  try {
    tokenizer.encode(text);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("Text comes back from its tokens, whatever the tokenizer") {
  const std::string text = "na\xC3\xAFve\n\xE2\x82\xAC 5, or \xFF?";
  for (const TokenizerKind kind : {TokenizerKind::kCharacters, TokenizerKind::kBytes}) {
    CHECK(there_and_back(*trained(kind, text), text) == text);
  }
  const std::string words = "he said (twice), \"go home\": now.\nyes!";
  CHECK(there_and_back(*trained(TokenizerKind::kWords, words),
                       "He said (twice), go:  now.\n\nYes!") ==
        "he said (twice), go: now.\n\nyes!");
}

TEST_CASE("A stream goes on where the prompt's text ends") {
  const auto words = trained(TokenizerKind::kWords, "go home now.");
  const std::int32_t home = words->encode("home").at(0);
  for (const auto& [prompt, next] : std::vector<std::pair<std::string, std::string>>{
           {"Go", " home"}, {"Go ", "home"}, {"Go (", "home"}, {"", "home"}}) {
    const auto stream = words->stream();
    CHECK(stream->follow(prompt, words->encode(prompt)) == prompt);
    CHECK(stream->add(home) == next);
  }
  const auto bytes = trained(TokenizerKind::kBytes, "abc");
  const auto stream = bytes->stream();
  CHECK(stream->follow("a\xC3", bytes->encode("a\xC3")) == "a");
  CHECK(stream->add(0xA9) == "\xC3\xA9");
}

TEST_CASE("What the tokenizer does not know is named, or is the unknown word") {
  const auto characters = trained(TokenizerKind::kCharacters, "abc\n");
  CHECK(contains(refusal_of(*characters, "ab\xC3\xA9"), "'\xC3\xA9' (U+00E9)", "4 characters"));
  CHECK(contains(refusal_of(*characters, "\t"), "U+0009 "));
  CHECK(contains(refusal_of(*characters, "a\xFF"), "byte 0xFF"));
  CHECK_THROWS_AS(characters->decode(std::vector<std::int32_t>{4}, SpecialTokens::kNone), Error);
  CHECK_THROWS_AS(characters->decode(std::vector<std::int32_t>{-1}, SpecialTokens::kNone), Error);
  const auto words = trained(TokenizerKind::kWords, "one two\n");
  CHECK(words->encode("one five") == std::vector<std::int32_t>{words->encode("one")[0], 0});
}

TEST_CASE("An empty text begins after a line's end, or the first token") {
  CHECK(trained(TokenizerKind::kBytes, "abc")->start_token() == '\n');
  CHECK(trained(TokenizerKind::kCharacters, "a\nb")->start_token() == 0);
  CHECK(trained(TokenizerKind::kCharacters, "bab")->start_token() == 0);
}

TEST_CASE("A digest tells vocabularies apart") {
  const auto digest = [](TokenizerKind kind, const std::string& text) {
    return trained(kind, text)->digest();
  };
  CHECK(digest(TokenizerKind::kCharacters, "abba") == digest(TokenizerKind::kCharacters, "babb"));
  CHECK(digest(TokenizerKind::kCharacters, "abba") != digest(TokenizerKind::kCharacters, "abca"));
  CHECK(digest(TokenizerKind::kCharacters, "abba") != digest(TokenizerKind::kWords, "a b a b"));
}
