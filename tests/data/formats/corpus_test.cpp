#include "data/formats/corpus.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace corpus_test {

namespace {

using Tokens = std::vector<std::int32_t>;

Corpus empty_corpus() { return {"made up", {{"type", "made up"}}}; }

Tokens read(const Corpus& corpus, std::int64_t first, std::size_t count) {
  Tokens tokens(count);
  corpus.read(first, tokens);
  return tokens;
}

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("Integers of each width and byte order are tokens") {
  const TemporaryFolder folder;
  const auto tokens = [&](const std::string& bytes, std::size_t offset, int width, bool swapped) {
    Corpus corpus = empty_corpus();
    DataFile file(folder.write("a", bytes));
    const auto count = static_cast<std::int64_t>((bytes.size() - offset)) / width;
    corpus.append(std::move(file), offset, width, count, swapped);
    return read(corpus, 0, static_cast<std::size_t>(count));
  };
  CHECK(tokens("\x01\xFF", 0, 1, false) == Tokens{1, 255});
  CHECK(tokens("?\x01\x02\x03\xFF", 1, 2, false) == Tokens{0x201, 0xFF03});
  CHECK(tokens("?\x01\x02\x03\xFF", 1, 2, true) == Tokens{0x102, 0x3FF});
  CHECK(tokens({"\x01\x02\x03\x00", 4}, 0, 4, false) == Tokens{0x30201});
  CHECK(tokens({"\x00\x01\x02\x03", 4}, 0, 4, true) == Tokens{0x10203});
  CHECK(tokens("\xFF\xFF\xFF\xFF", 0, 4, false) == Tokens{0x7FFFFFFF});  // the most that fits
}

TEST_CASE("Files and what is made from files are one sequence") {
  const TemporaryFolder folder;
  Corpus corpus = empty_corpus();
  corpus.append(DataFile(folder.write("a", "abc")), 0, 1, 3);
  corpus.append("b", bytes_of({"d\0e\0", 4}), 2);
  corpus.end_path();
  corpus.append(DataFile(folder.write("c", "??fg")), 2, 1, 2);
  CHECK(corpus.size() == 7);
  CHECK(corpus.of_path() == 5);
  CHECK(corpus.name() == folder.path("a") + " and 2 more");
  CHECK(read(corpus, 0, 7) == Tokens{'a', 'b', 'c', 'd', 'e', 'f', 'g'});
  CHECK(read(corpus, 2, 3) == Tokens{'c', 'd', 'e'});
  CHECK(read(corpus, 6, 1) == Tokens{'g'});
  CHECK(corpus.check(5) == 'e');
  CHECK(corpus.check(100) == 'g');
}

TEST_CASE("A long reading is the same as many short ones") {
  const TemporaryFolder folder;
  std::vector<std::uint16_t> values(100'000);
  std::iota(values.begin(), values.end(), std::uint16_t{0});
  std::string bytes(2 * values.size(), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  Corpus corpus = empty_corpus();
  corpus.append(DataFile(folder.write("a", bytes)), 0, 2, 100'000);
  const Tokens all = read(corpus, 0, 100'000);
  for (const std::int64_t first : {0, 32'767, 32'768, 65'535, 99'998}) {
    const auto at = static_cast<std::size_t>(first);
    CHECK(read(corpus, first, 2) == Tokens{all[at], all[at + 1]});
    CHECK(all[at + 1] == values[at + 1]);
  }
  CHECK(corpus.check(100'000) == 65'535);
}

TEST_CASE("A table says which token each byte is") {
  const TemporaryFolder folder;
  Corpus corpus = empty_corpus();
  corpus.append(DataFile(folder.write("a", "cab")), 0, 1, 3);
  Tokens table(256);
  table['b'] = 1;
  table['c'] = 2;
  corpus.set_table(table);
  CHECK(read(corpus, 0, 3) == Tokens{2, 0, 1});
}

TEST_CASE("A token beyond the vocabulary is named with its place, in a file by its byte, too") {
  const TemporaryFolder folder;
  Corpus corpus = empty_corpus();
  corpus.append(DataFile(folder.write("a", "??\1\2\7")), 2, 1, 3);
  corpus.append("words", bytes_of("\1\x9\2"), 1);
  corpus.set_vocabulary(7);
  const auto refusal = [&](std::int64_t first) {
    return data_error_of([&] { read(corpus, first, 2); });
  };
  CHECK(refusal(0) == "no error");
  CHECK(refusal(1).starts_with("data: " + folder.path("a") +
                               ": token 2 (byte 4) is 7, beyond the vocabulary of 7; set "));
  CHECK(refusal(4).starts_with("data: words: token 1 is 9, beyond the vocabulary of 7"));
  corpus.set_vocabulary(10);
  CHECK(refusal(1) == "no error");
}

}  // namespace corpus_test
