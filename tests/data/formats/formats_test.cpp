#include "data/formats/formats.h"

#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace formats_test {

TEST_CASE("Each data format has a name of its own and a sentence") {
  std::set<std::string_view> names;
  for (const DataFormat& format : data_formats()) {
    CAPTURE(format.name);
    CHECK(names.insert(format.name).second);
    CHECK(std::string(format.description).ends_with("."));
  }
}

TEST_CASE("Each format that reads files names the one that is not there") {
  for (const DataFormat& format : data_formats()) {
    if (!format.files) continue;
    CAPTURE(format.name);
    const DataConfig config{.format = std::string(format.name),
                            .path = {"not/there.bin"},
                            .tokenizer = TokenizerKind::kBytes};
    CHECK_THROWS_WITH(open_source(config, 4, 1), ContainsSubstring("not/there.bin"));
  }
}

TEST_CASE("What rows are follows from the format, of synthetic data from what they are to be") {
  CHECK_FALSE(gives_labels({.format = "text"}));
  CHECK_FALSE(gives_labels({.format = "tokens"}));
  CHECK(gives_labels({.format = "csv"}));
  CHECK_FALSE(gives_images({.format = "csv"}));
  CHECK(gives_images({.format = "idx"}));
  CHECK(gives_labels({.format = "cifar"}));
  CHECK_FALSE(gives_labels({.format = "synthetic"}));
  CHECK(gives_labels({.format = "synthetic", .classes = 3}));
  CHECK(gives_images({.format = "synthetic", .classes = 3, .image = {4, 4, 1}}));
  CHECK_FALSE(reads_files({.format = "synthetic"}));
}

TEST_CASE("An option belongs to the formats that list it, some with some tokenizers only") {
  CHECK(takes_option({.format = "idx"}, "flip"));
  CHECK_FALSE(takes_option({.format = "text"}, "flip"));
  CHECK(takes_option({.format = "text", .tokenizer = TokenizerKind::kWords}, "vocabulary"));
  CHECK_FALSE(takes_option({.format = "text"}, "vocabulary"));
  CHECK(takes_option({.format = "csv"}, "vocabulary"));
  CHECK_FALSE(takes_option({.format = "csv", .tokenizer = TokenizerKind::kBytes}, "vocabulary"));
  CHECK_FALSE(takes_option({.format = "csv", .tokenizer_path = "tokenizer.json"}, "vocabulary"));
  CHECK(takes_option({.format = "csv"}, "documents"));
  CHECK(formats_with_option("token_type") == "tokens");
  CHECK(formats_with_option("classes") == "csv, idx and synthetic");
}

TEST_CASE("An unknown format is named beside those that there are") {
  CHECK_THROWS_WITH(
      open_source({.format = "parquet"}, 4, 1),
      ContainsSubstring("'parquet'") && ContainsSubstring("text, documents, jsonl, tokens, csv"));
}

}  // namespace formats_test
