#include "data/documents/corpus_writer.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

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
