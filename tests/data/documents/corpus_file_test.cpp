#include "data/documents/corpus_file.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/documents/corpus_writer.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace corpus_file_test {

namespace {

using Tokens = std::vector<std::int32_t>;
using Places = std::vector<std::int64_t>;

// Documents of 1, 2 and 3 tokens and the one that ends them.
std::string written(const TemporaryFolder& folder, std::uint32_t vocabulary) {
  const std::string path = folder.path("corpus.bin");
  CorpusWriter writer(path, {"0123456789abcdef", vocabulary, 9});
  for (const Tokens& tokens : {Tokens{1}, Tokens{2, 3}, Tokens{4, 5, 6}}) writer.add(tokens);
  writer.finish("made of three");
  return path;
}

Tokens all_of(const CorpusFile& file) {
  Tokens tokens(static_cast<std::size_t>(file.tokens()));
  file.read(0, tokens);
  return tokens;
}

std::string bytes_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("Tokens, documents and the note of a corpus file are what was written") {
  const TemporaryFolder folder;
  for (const std::uint32_t vocabulary : {10U, 65536U, 65537U}) {
    const std::string path = written(folder, vocabulary);
    const CorpusFile file{DataFile(path)};
    CHECK(file.kind() == CorpusTokens{"0123456789abcdef", vocabulary, 9});
    CHECK(file.kind().width() == (vocabulary > 65536 ? 4 : 2));
    CHECK(all_of(file) == Tokens{1, 9, 2, 3, 9, 4, 5, 6, 9});
    CHECK(file.documents() == 3);
    CHECK(file.note() == "made of three");
    CHECK(file.starts(0, 9) == Places{0, 2, 5});
    CHECK(file.starts(1, 5) == Places{2});
    CHECK(file.starts(2, 6) == Places{2, 5});
    CHECK(file.starts(6, 9).empty());
    CHECK(file.documents_before(5) == 2);
    CHECK(file.documents_before(9) == 3);
    CHECK(is_corpus_file(DataFile(path)));
  }
  CHECK(!is_corpus_file(DataFile(folder.write("x", "PIPE"))));
}

TEST_CASE("A corpus file that is cut, longer, damaged or of another version is refused") {
  const TemporaryFolder folder;
  const std::string good = bytes_in(written(folder, 10));
  const auto refusal = [&](const std::string& bytes) {
    const std::string path = folder.write("bad.bin", bytes);
    return data_error_of([&] { const CorpusFile file{DataFile(path)}; }, path);
  };
  CHECK(refusal(good) == "no error");
  CHECK(refusal(good.substr(0, 200)) == "ends inside its header of 256 bytes");
  CHECK(contains(refusal(good.substr(0, good.size() - 1)), "promises more than the"));
  CHECK(contains(refusal(good + "x"), "promises less than the"));
  for (std::size_t at = 12; at < 256; ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    CHECK(contains(refusal(bad), "header is damaged"));
  }
  std::string other = good;
  other[8] = 2;
  CHECK(contains(refusal(other), "its header has version 2, expected 1"));
}

TEST_CASE("A header that is whole and lies is refused before memory is taken for it") {
  const TemporaryFolder folder;
  const std::string good = bytes_in(written(folder, 10));
  const auto refusal = [&](auto change) {
    CorpusHeader header;
    std::memcpy(&header, good.data(), sizeof header);
    change(header);
    header.checksum = checksum_of(header);
    std::string bytes = good;
    std::memcpy(bytes.data(), &header, sizeof header);
    const std::string path = folder.write("bad.bin", bytes);
    return data_error_of([&] { const CorpusFile file{DataFile(path)}; }, path);
  };
  CHECK(contains(refusal([](CorpusHeader& h) { h.width = 3; }), "tokens of 3 bytes"));
  CHECK(contains(refusal([](CorpusHeader& h) { h.tokens = ~0ULL / 2 + 10; }), "more than the"));
  CHECK(contains(refusal([](CorpusHeader& h) { h.documents = ~0ULL / 8 + 1; }), "more than the"));
  CHECK(contains(refusal([](CorpusHeader& h) { h.note_bytes = ~0ULL; }), "more than the"));
  CHECK(contains(refusal([](CorpusHeader& h) { h.vocabulary = 0; }), "a vocabulary of 0"));
  CHECK(contains(refusal([](CorpusHeader& h) { h.end_of_text = 10; }), "an end of text beyond"));
  CHECK(contains(refusal([](CorpusHeader& h) {
                   h.documents = 0;
                   h.note_bytes += 24;
                 }),
                 "0 documents of 9 tokens"));
}

TEST_CASE("Documents that begin in disorder are an error where they are read") {
  const TemporaryFolder folder;
  std::string bytes = bytes_in(written(folder, 10));
  const std::size_t second = sizeof(CorpusHeader) + 18 + 8;
  for (const char start : {'\x07', '\x00'}) {
    bytes[second] = start;
    const CorpusFile file{DataFile(folder.write("bad.bin", bytes))};
    CHECK(contains(data_error_of([&] { file.starts(0, 9); }), "do not begin one behind the other"));
  }
}

}  // namespace corpus_file_test
