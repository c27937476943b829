#include "text/training/tokenizer_training.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"
#include "text/subwords/load_tokenizer.h"
#include "text/training/bpe_trainer.h"

using namespace pipetrain;
using nlohmann::json;

namespace {

const std::string kFolder = PIPETRAIN_GOLDEN "/tokenizers/";

}  // namespace

TEST_CASE("Tokens and merges are those of the library's trainer, for any number of threads") {
  const TokenizerTraining training{.files = {kFolder + "bert.json", kFolder + "word_ends.json"},
                                   .vocabulary = 600};
  const std::string one = train_tokenizer(training);
  const json expected = json::parse(std::ifstream(kFolder + "trained.model.json"));
  const json model = json::parse(one)["model"];
  CHECK(model["vocab"] == expected["vocab"]);
  CHECK(model["merges"] == expected["merges"]);
  TokenizerTraining threads = training;
  threads.threads = 3;
  CHECK(train_tokenizer(threads) == one);
}

TEST_CASE("A trained tokenizer gives texts back and knows the end of one") {
  const TemporaryFolder folder;
  const std::string text = "so the caf\xC3\xA9, so the sea; so the end\n";
  const std::string file = folder.write("text.txt", text);
  write_tokenizer(train_tokenizer({.files = {file}, .vocabulary = 300}), folder.path("made"));
  const auto tokenizer = load_tokenizer(folder.path("made")).tokenizer;
  CHECK(tokenizer->end_of_text() == 0);
  CHECK(tokenizer->vocabulary_size() <= 300);
  const auto ids = tokenizer->encode(text);
  CHECK(ids.size() < text.size() / 2);
  CHECK(tokenizer->decode(ids, SpecialTokens::kNone) == text);
  CHECK_THROWS_AS(train_tokenizer({.files = {folder.path("none.txt")}, .vocabulary = 300}), Error);
}

TEST_CASE("Of pairs that occur as often the one of the lowest ids is merged first") {
  const TrainedBpe trained = train_bpe({{"ab", 2}, {"aaa", 1}, {"bc", 2}}, {"c", "b", "a"}, 6);
  CHECK(trained.tokens == std::vector<std::string>{"c", "b", "a", "bc", "ab", "aa"});
  CHECK(train_bpe({{"ab", 1}}, {"a", "b"}, 100).tokens.size() == 3);
}
