#include "data/formats/text_file.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/packed.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace text_file_test {

namespace {

std::string wide(const std::string& text, bool big_endian) {
  std::string bytes;
  for (const char c : text) bytes += big_endian ? std::string{'\0', c} : std::string{c, '\0'};
  return bytes;
}

std::string encoding_of(const std::string& bytes) {
  const TemporaryFolder folder;
  const char* const other = other_encoding(DataFile(folder.write("x", bytes)));
  return other == nullptr ? "" : other;
}

}  // namespace

TEST_CASE("Text in another encoding is told by its mark, or by its zeros") {
  const std::string text = "letters of Latin alphabets";
  CHECK(encoding_of(text).empty());
  CHECK(encoding_of("\xEF\xBB\xBF" + text).empty());
  CHECK(encoding_of("\xFF\xFE" + wide("a", false)) == "UTF-16");
  CHECK(encoding_of("\xFE\xFF" + wide("a", true)) == "UTF-16");
  CHECK(encoding_of(std::string("\xFF\xFE\0\0", 4)) == "UTF-32");
  CHECK(encoding_of(std::string("\0\0\xFE\xFF", 4)) == "UTF-32");
  CHECK(encoding_of(wide(text, false)) == "UTF-16LE");
  CHECK(encoding_of(wide(text, true)) == "UTF-16BE");
  CHECK(encoding_of(wide("short", false)).empty());    // too little to tell
  CHECK(encoding_of(std::string(100, '\0')).empty());  // zeros on both sides
}

TEST_CASE("Text begins behind its byte order mark") {
  const TemporaryFolder folder;
  const auto start = [&](const std::string& bytes) {
    const DataFile file(folder.write("x", bytes));
    CHECK(past_mark(file) == start_of_text(file));
    return start_of_text(file);
  };
  CHECK(start("a") == 0);
  CHECK(start("\xEF\xBB\xBF"
              "a") == 3);
  CHECK(start("\xEF\xBB") == 0);
}

TEST_CASE("What is no UTF-8 is refused with the cure") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& bytes) {
    const DataFile file(folder.write("x", bytes));
    return data_error_of([&] { start_of_text(file); }, file.path());
  };
  const std::string file = folder.path("x");
  CHECK(refusal("\xFF\xFE" + wide("a", false)) ==
        "is UTF-16 text, expected UTF-8; convert it: iconv -f UTF-16 -t UTF-8 " + file + " > FILE");
  CHECK(refusal(packed("a")) == "is packed with gzip; unpack it first");
}

TEST_CASE("Symbols are whole where the pieces of a file meet") {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const TemporaryFolder folder;
  for (std::size_t before = kPiece - 4; before <= kPiece; ++before) {
    const DataFile file(folder.write("x", std::string(before, 'a') + "\xF0\x9F\x98\x80z\xE2\x82"));
    std::vector<std::uint32_t> others;
    std::size_t count = 0;
    for_each_symbol(file, [&](std::uint32_t symbol) {
      ++count;
      if (symbol != 'a') others.push_back(symbol);
    });
    CHECK(count == before + 4);
    CHECK(others == std::vector<std::uint32_t>{0x1F600, 'z', kFirstByteSymbol + 0xE2,
                                               kFirstByteSymbol + 0x82});
  }
}

TEST_CASE("Words are whole where the pieces of a file meet") {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  const TemporaryFolder folder;
  for (std::size_t before = kPiece - 6; before <= kPiece; ++before) {
    const DataFile file(folder.write("x", std::string(before, ' ') + "Hello, world"));
    std::vector<std::string> words;
    for_each_word(file, [&](const std::string& word) { words.push_back(word); });
    CHECK(words == std::vector<std::string>{"hello", ",", "world"});
  }
}

}  // namespace text_file_test
