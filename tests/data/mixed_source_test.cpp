#include "data/mixed_source.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/formats/formats.h"
#include "data/labelled_rows.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace mixed_source_test {

namespace {

// Bytes of 'a' only, of 'b' only, and so on.
std::unique_ptr<Source> mixture_of(const TemporaryFolder& folder,
                                   const std::vector<double>& weights, std::uint64_t seed = 1,
                                   const std::string& tokenizer = "byte") {
  DataConfig config{.tokenizer = find_row(kTokenizers, tokenizer)->value};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const char letter = static_cast<char>('a' + i);
    const std::string text(200 * (i + 1), letter);
    config.mixture.push_back({folder.write(std::string(1, letter), text), weights[i]});
  }
  return open_source(config, 4, seed);
}

// The letter of each row.
std::string letters(const LabelledRows& rows) {
  std::string text;
  const std::vector<std::int32_t> tokens = rows.tokens();
  for (std::size_t i = 0; i < tokens.size(); i += 4) text += static_cast<char>(tokens[i]);
  return text;
}

}  // namespace

TEST_CASE("Rows come from the sources in the share of their weights, and by step and row alone") {
  const TemporaryFolder folder;
  const auto source = mixture_of(folder, {1, 2, 1});
  const std::string drawn = letters(epoch_rows(*source, 7, 0, 4000));
  for (const auto& [letter, share] : {std::pair{'a', 0.25}, {'b', 0.5}, {'c', 0.25}}) {
    const auto count = static_cast<double>(std::count(drawn.begin(), drawn.end(), letter));
    CHECK(count / 4000 == Approx(share).margin(0.03));
  }
  CHECK(letters(epoch_rows(*source, 7, 100, 50)) == drawn.substr(100, 50));
  CHECK(letters(epoch_rows(*source, 8, 0, 4000)) != drawn);
  CHECK(letters(epoch_rows(*mixture_of(folder, {1, 2, 1}, 2), 7, 0, 4000)) != drawn);
  CHECK(letters(epoch_rows(*mixture_of(folder, {2, 4, 2}), 7, 0, 4000)) == drawn);
}

TEST_CASE("What validates of all sources follows each other") {
  const TemporaryFolder folder;
  const auto source = mixture_of(folder, {3, 1});
  CHECK(letters(validation_rows(*source)) == "aaaabbbbbbbbb");  // a tenth of 200 and of 400
  CHECK(contains(source->description(), "2 sources: 75% byte text", "; 25% byte text"));
  CHECK(source->training_rows() == 0);
}

TEST_CASE("A tokenizer that the sources were read with is taken from all of them") {
  const TemporaryFolder folder;
  DataConfig config{
      .format = "documents", .tokenizer = TokenizerKind::kBytes, .cache = folder.path("cache")};
  for (const std::string name : {"a", "b"}) {
    config.mixture.push_back({folder.write(name, std::string(200, 'x') + name), 1});
  }
  const auto source = open_source(config, 4, 1);
  CHECK(source->take_tokenizer() != nullptr);
  CHECK(source->take_tokenizer() == nullptr);
}

TEST_CASE("Sources of other vocabularies are refused") {
  const TemporaryFolder folder;
  CHECK(contains(data_error_of([&] { mixture_of(folder, {1, 1}, 1, "char"); }),
                 "has another vocabulary than the first source"));
}

}  // namespace mixed_source_test
