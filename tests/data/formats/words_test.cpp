#include "data/formats/words.h"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace words_test {

namespace {

using Tokens = std::vector<std::int32_t>;

Corpus read(const DataConfig& config, int vocabulary = 0) {
  Warnings warnings;
  return read_words({config, 1, 1, vocabulary, warnings});
}

Tokens tokens_of(const Corpus& corpus) {
  Tokens tokens(static_cast<std::size_t>(corpus.size()));
  corpus.read(0, tokens);
  return tokens;
}

}  // namespace

TEST_CASE("Words are tokens by how often the training part has them, others are unknown") {
  const TemporaryFolder folder;
  const std::string file = folder.write("a", "b a B c\nb A d a d");
  const Corpus corpus = read({.path = {file}, .validation_fraction = 0.4});  // of 10: A d a d
  const nlohmann::json expected = {"<unknown>", "b", "\n", "a", "c"};
  CHECK(corpus.tokenizer()["vocabulary"] == expected);
  CHECK(corpus.tokenizer()["unknown"] == 0);
  CHECK(corpus.vocabulary() == 5);
  CHECK(corpus.kind() == "word text");
  CHECK(tokens_of(corpus) == Tokens{1, 3, 1, 4, 2, 1, 3, 0, 3, 0});
}

TEST_CASE("A word may have bytes that are not UTF-8, which are kept") {
  const TemporaryFolder folder;
  const Corpus corpus =
      read({.path = {folder.write("a", "\xC3\xA9t\xE9 x")}, .validation_fraction = 0});
  CHECK(corpus.tokenizer()["vocabulary"][1] == "x");
  CHECK(corpus.tokenizer()["vocabulary"][2] == nlohmann::json{0xC3, 0xA9, 't', 0xE9});
}

TEST_CASE("A limit leaves out the rarest words") {
  const TemporaryFolder folder;
  const std::string file = folder.write("a", "b a b c b a");
  CHECK(tokens_of(read({.path = {file}, .validation_fraction = 0}, 2)) == Tokens{1, 0, 1, 0, 1, 0});
  CHECK(read({.path = {file}, .vocabulary = 3, .validation_fraction = 0}).vocabulary() == 3);
}

TEST_CASE("Words of several files follow each other, and none goes on in the next file") {
  const TemporaryFolder folder;
  const Corpus corpus =
      read({.path = {folder.write("1", "a b"), folder.write("2", "a")}, .validation_fraction = 0});
  CHECK(tokens_of(corpus) == Tokens{1, 2, 1});
  CHECK(corpus.of_path() == 3);
}

}  // namespace words_test
