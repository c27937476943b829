// What trains and what validates: the last part, a random one, or files of their own.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "data/formats/token_split.h"
#include "data/labelled_rows.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace split_test {

namespace {

// Sorted by label: 0 0 ... 1 1 ... 2 2 ..., the text is the number of the row.
std::string sorted_csv(int rows, int classes) {
  std::string text;
  for (int i = 0; i < rows; ++i) {
    text += std::to_string(i * classes / rows) + ",r" + std::to_string(i) + "\n";
  }
  return text;
}

DataConfig csv(const std::string& path) {
  return {.format = "csv", .path = {path}, .tokenizer = TokenizerKind::kBytes};
}

std::set<std::vector<std::int32_t>> rows_of(const LabelledRows& read, std::size_t length) {
  std::set<std::vector<std::int32_t>> rows;
  const std::vector<std::int32_t> tokens = read.tokens();
  for (std::size_t i = 0; i < tokens.size(); i += length) {
    rows.insert({tokens.begin() + static_cast<std::ptrdiff_t>(i),
                 tokens.begin() + static_cast<std::ptrdiff_t>(i + length)});
  }
  return rows;
}

}  // namespace

TEST_CASE("Data sorted by label: a class that a part lacks is said, and random has them all") {
  const TemporaryFolder folder;
  DataConfig config = csv(folder.write("sorted.csv", sorted_csv(300, 3)));
  const auto last = open_source(config, 8, 1);
  REQUIRE(last->warnings().size() == 1);
  CHECK(last->warnings()[0] ==
        "data: " + folder.path("sorted.csv") +
            ": the validation part has no sample of 2 of 3 classes (0, 1); if the samples are "
            "sorted, set data.validation: random");
  config.validation = Validation::kRandom;
  const auto random = open_source(config, 8, 1);
  CHECK(random->warnings().empty());
  CHECK(random->validation_rows() == 30);
  const auto validate = rows_of(validation_rows(*random), 8);
  const auto train = rows_of(epoch_rows(*random, 0, 0, 270), 8);
  CHECK(validate.size() == 30);
  CHECK(train.size() == 270);
  for (const auto& row : validate) CHECK(!train.contains(row));
  CHECK(rows_of(validation_rows(*open_source(config, 8, 1)), 8) == validate);
  CHECK(rows_of(validation_rows(*open_source(config, 8, 2)), 8) != validate);
}

TEST_CASE("Files of their own validate, in every format that reads files") {
  const TemporaryFolder folder;
  DataConfig config = csv(folder.write("train.csv", "1,a\n2,b\n1,c\n"));
  config.validation = Validation::kFiles;
  config.validation_files = {folder.write("test.csv", "2,d\n1,e\n")};
  const auto texts = open_source(config, 4, 1);
  CHECK(texts->training_rows() == 3);
  CHECK(validation_rows(*texts).labels() == std::vector<std::int32_t>{1, 0});

  const auto letters = [](int count, char first) {
    std::string text;
    for (int i = 0; i < count; ++i) text += static_cast<char>(first + i % 10);
    return text;
  };
  for (const TokenizerKind tokenizer : {TokenizerKind::kCharacters, TokenizerKind::kBytes}) {
    const DataConfig text{.path = {folder.write("a.txt", letters(100, 'a'))},
                          .tokenizer = tokenizer,
                          .validation = Validation::kFiles,
                          .validation_files = {folder.write("b.txt", letters(21, 'A'))}};
    const auto source = open_source(text, 4, 1);
    CHECK(source->validation_rows() == 5);
    const auto first = validation_rows(*source).tokens();
    CHECK(first[0] == (tokenizer == TokenizerKind::kCharacters ? 0 : 'A'));
  }
  const DataConfig words{.path = {folder.write("w.txt", "one two one two one two three")},
                         .tokenizer = TokenizerKind::kWords,
                         .validation = Validation::kFiles,
                         .validation_files = {folder.write("v.txt", "two other one two one")}};
  const auto source = open_source(words, 2, 1);
  CHECK(source->vocabulary() == 4);  // other is unknown
  CHECK(validation_rows(*source).tokens() == std::vector<std::int32_t>{2, 0, 1, 2});

  const std::string record(3072, '\1');
  const DataConfig cifar{.format = "cifar",
                         .path = {folder.write("data.bin", "\1" + record + "\2" + record)},
                         .validation = Validation::kFiles,
                         .validation_files = {folder.write("test.bin", "\3" + record)}};
  CHECK(validation_rows(*open_source(cifar, 0, 1)).labels() == std::vector<std::int32_t>{3});
}

TEST_CASE("No training row reaches into the random blocks that validate") {
  // What a byte is tells about where it is from.
  const TemporaryFolder folder;
  std::string bytes;
  for (int i = 0; i < 4000; ++i) bytes += static_cast<char>(i / 144);
  const DataConfig data{.path = {folder.write("b.bin", bytes)},
                        .tokenizer = TokenizerKind::kBytes,
                        .validation = Validation::kRandom,
                        .validation_fraction = 0.3};
  const auto source = open_source(data, 8, 3);
  const auto validate = validation_rows(*source).tokens();
  const TokenSplit split = split_tokens(data, 4000, 4000, 8, 3);
  const auto of = [&](const std::vector<TokenRange>& ranges) {
    std::set<int> found;
    for (const TokenRange& range : ranges) {
      for (std::int64_t i = 0; i < range.count; ++i)
        found.insert(static_cast<unsigned char>(bytes[static_cast<std::size_t>(range.first + i)]));
    }
    return found;
  };
  const std::set<int> may_validate = of(split.validation), may_train = of(split.training);
  for (const std::int32_t token : validate) CHECK(may_validate.contains(token));
  LabelledRows train(*source, 500);
  source->read_training(0, 0, train.inputs, train.targets);
  for (const std::int32_t token : train.tokens()) CHECK(may_train.contains(token));
}

TEST_CASE("Files with the same content are said; a file and its packed twin are one") {
  const TemporaryFolder folder;
  const std::string a = folder.write("a.csv", "1,a\n2,b\n"),
                    b = folder.write("b.csv", "1,a\n2,b\n");
  folder.write("c.csv", "1,a\n2,c\n");
  DataConfig config = csv(folder.path("*.csv"));
  config.validation_fraction = 0;
  const auto twice = open_source(config, 4, 1);
  REQUIRE(twice->warnings().size() == 1);
  CHECK(contains(twice->warnings()[0], a + " and " + b + " have the same content"));
  CHECK(twice->training_rows() == 6);
  folder.write("c.csv.gz", "never read");
  config.path = {folder.path("c.csv*")};
  CHECK(open_source(config, 4, 1)->training_rows() == 2);
}

}  // namespace split_test
