#include "data/documents/corpus_writer.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace corpus_writer_test {

namespace {

using Tokens = std::vector<std::int32_t>;

}  // namespace

TEST_CASE("A corpus has its name only when it is whole, and what is there stays until then") {
  const TemporaryFolder folder;
  const std::string path = folder.write("corpus.bin", "old");
  {
    CorpusWriter writer(path, {"d", 10, -1});
    writer.add(Tokens(1 << 20, 3));
    CHECK(std::filesystem::exists(path + ".part"));
  }
  CHECK(!std::filesystem::exists(path + ".part"));
  CHECK(std::filesystem::file_size(path) == 3);
  CorpusWriter writer(path, {"d", 10, -1});
  writer.add(Tokens(1 << 20, 3));
  writer.finish("");
  CHECK(!std::filesystem::exists(path + ".part"));
  CHECK(CorpusFile(DataFile(path)).tokens() == 1 << 20);
}

TEST_CASE("What a process has left that was killed is written over") {
  const TemporaryFolder folder;
  const std::string path = folder.path("corpus.bin");
  folder.write("corpus.bin.part", std::string(5000, 'x'));
  CorpusWriter writer(path, {"d", 10, 7});
  writer.add(Tokens{1});
  writer.add(Tokens{});
  writer.finish("");
  const CorpusFile file{DataFile(path)};
  CHECK(file.tokens() == 3);
  CHECK(file.documents() == 2);
}

TEST_CASE("One process at a time writes a corpus; the next one waits, or says so") {
  const TemporaryFolder folder;
  const std::string path = folder.path("corpus.bin");
  CorpusWriter first(path, {"d", 10, -1});
  CHECK(contains(data_error_of([&] { const CorpusWriter second(path, {"d", 10, -1}); }),
                 "corpus.bin.part: another process writes it"));
  int asked = 0;
  CorpusWriter third(path, {"d", 10, -1}, [&] {
    if (++asked == 2) first.finish("");
    return true;
  });
  CHECK(asked == 2);
}

TEST_CASE("A token beyond the vocabulary is refused") {
  const TemporaryFolder folder;
  CorpusWriter writer(folder.path("x"), {"d", 10, -1});
  writer.add(Tokens{9});
  CHECK(contains(data_error_of([&] { writer.add(Tokens{10}); }),
                 "token 10 of document 1 is beyond the tokenizer's vocabulary of 10"));
  CHECK(
      contains(data_error_of([&] { const CorpusWriter none(folder.path("no/x"), {"d", 10, -1}); }),
               "no/x.part: "));
}

TEST_CASE("A document that is dropped leaves nothing, however much of it was written") {
  const TemporaryFolder folder;
  const std::string path = folder.path("x.bin");
  CorpusWriter writer(path, {"d", 10, 7});
  writer.add(Tokens{1, 2});
  for (const int size : {3, 1 << 20}) {
    writer.add_part(Tokens(static_cast<std::size_t>(size), 5));
    writer.drop_document();
    CHECK(writer.tokens() == 3);
  }
  writer.add_part(Tokens{3});
  writer.add_part(Tokens{4});
  writer.end_document();
  writer.finish("note");
  const CorpusFile file{DataFile(path)};
  Tokens tokens(6);
  REQUIRE(file.tokens() == 6);
  file.read(0, tokens);
  CHECK(tokens == Tokens{1, 2, 7, 3, 4, 7});
  CHECK(file.starts(0, 6) == std::vector<std::int64_t>{0, 3});
  CHECK(file.note() == "note");
}

}  // namespace corpus_writer_test
