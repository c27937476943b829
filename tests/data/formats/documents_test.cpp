#include "data/formats/documents.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/documents/corpus_writer.h"
#include "data/packed.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace documents_test {

namespace {

constexpr int kLength = 4;

// All tokens of rows that validate, as text.
std::string validated(const Source& source) {
  MemoryPool pool;
  const std::int64_t rows = source.validation_rows();
  Tensor inputs(pool, Shape{rows, kLength}, DType::kInt32);
  Tensor targets(pool, Shape{rows, kLength}, DType::kInt32);
  source.read_validation(0, inputs, targets);
  std::string text;
  for (std::int64_t i = 0; i < rows * kLength; ++i) text += static_cast<char>(inputs.i32()[i]);
  return text;
}

}  // namespace

TEST_CASE("Documents of a configuration are tokenized once and read as windows") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("docs"));
  folder.write("docs/a.txt", "abcd");
  folder.write("docs/b.jsonl", "{\"text\": \"efgh\"}\n{\"text\": \"ijkl\"}\n");
  folder.write("v.jsonl.zst", zstd_packed("{\"text\": \"mnopq\"}\n"));
  DataConfig config{.format = "documents",
                    .path = {folder.path("docs")},
                    .tokenizer = TokenizerKind::kBytes,
                    .cache = folder.path("cache"),
                    .validation = Validation::kFiles,
                    .validation_files = {folder.path("v.jsonl.zst")}};
  config.validation_fraction = 0;
  for (int time = 0; time < 2; ++time) {
    const auto source = open_source(config, kLength, 1);
    CHECK(source->vocabulary() == 256);
    CHECK(contains(source->description(), "3 documents as byte tokens of ", "12 tokens train, 5"));
    CHECK(validated(*source) == "mnop");
    REQUIRE(source->warnings().size() == 1);
    CHECK(contains(source->warnings()[0], "no token for the end of a text"));
    const auto maker = source->take_tokenizer();
    REQUIRE(maker != nullptr);
    CHECK(maker->kind() == "byte");
    CHECK(source->take_tokenizer() == nullptr);
  }
  CHECK_THROWS_WITH(open_source(config, kLength, 1, 100),
                    ContainsSubstring("100 is less than the tokenizer's vocabulary of 256"));
}

TEST_CASE("A file of tokens is read by its header, and only with its own tokenizer") {
  const TemporaryFolder folder;
  const std::string path = folder.path("corpus.bin"), other = folder.path("other.bin");
  CorpusWriter writer(path, {"aaaa", 100, 9});
  for (int i = 0; i < 40; ++i) writer.add(std::vector<std::int32_t>{1, 2, 3});
  writer.finish("");
  CorpusWriter(other, {"bbbb", 100, 9}).finish("");
  const auto source = open_source({.format = "tokens", .path = {path}}, kLength, 1);
  CHECK(source->vocabulary() == 100);
  CHECK(source->tokenizer() == nlohmann::json{{"type", "tokens"}, {"digest", "aaaa"}});
  CHECK(contains(
      data_error_of([&] { open_source({.format = "tokens", .path = {path, other}}, kLength, 1); }),
      "other.bin: is of another tokenizer than the first file"));
  const std::string bytes = folder.write("tokenizer.json", R"({"type": "byte"})");
  CHECK(contains(data_error_of([&] {
                   open_source({.format = "tokens", .path = {path}, .tokenizer_path = bytes},
                               kLength, 1);
                 }),
                 "its tokens are of another tokenizer (digest aaaa) than data.tokenizer " + bytes));
  CHECK_THROWS_WITH(open_source({.format = "tokens", .path = {path}}, kLength, 1, 50),
                    ContainsSubstring("50 is less than the tokenizer's vocabulary of 100"));
}

TEST_CASE("The last token of a separate document has no target") {
  const TemporaryFolder folder;
  const std::string path = folder.path("corpus.bin");
  CorpusWriter writer(path, {"aaaa", 100, 9});
  for (int i = 0; i < 40; ++i)
    writer.add(std::vector<std::int32_t>(static_cast<std::size_t>(i % 3 + 1), 1));
  writer.finish("");
  DataConfig config{.format = "tokens", .path = {path}};
  MemoryPool pool;
  Tensor inputs(pool, Shape{50, kLength}, DType::kInt32),
      targets(pool, Shape{50, kLength}, DType::kInt32);
  for (const Documents documents : {Documents::kJoined, Documents::kSeparate}) {
    config.documents = documents;
    open_source(config, kLength, 1)->read_training(0, 0, inputs, targets);
    for (std::int64_t i = 0; i < inputs.elements(); ++i) {
      const bool ends = inputs.i32()[i] == 9, separate = documents == Documents::kSeparate;
      CHECK((targets.i32()[i] == kEndsDocument) == (ends && separate));
    }
  }
  const std::string bare = folder.write("bare.bin", std::string(200, '\1'));
  CHECK(contains(data_error_of([&] {
                   open_source({.format = "tokens",
                                .path = {bare},
                                .token_type = TokenFileType::kUint16,
                                .documents = Documents::kSeparate},
                               kLength, 1, 1000);
                 }),
                 "does not say where documents begin"));
}

}  // namespace documents_test
