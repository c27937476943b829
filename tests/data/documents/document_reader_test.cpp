#include "data/documents/document_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/packed.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace document_reader_test {

namespace {

// "line@byte:bytes", the parts of a text with | between.
std::vector<std::string> documents_of(const std::vector<DocumentFile>& files,
                                      std::size_t part_bytes = kPartBytes) {
  DocumentReader reader(files, part_bytes);
  std::vector<std::string> documents;
  while (const auto document = reader.next()) {
    const std::string bytes = document->bytes.substr(0, document->bytes.size() - document->ahead);
    if (!document->begins) {
      documents.back() += "|" + bytes;
      continue;
    }
    documents.push_back(std::to_string(document->line) + "@" + std::to_string(document->offset) +
                        ":" + bytes);
  }
  CHECK(reader.bytes_done() == reader.bytes());
  return documents;
}

using Documents = std::vector<std::string>;

}  // namespace

TEST_CASE("Lines and whole files are documents, plain or packed; blank ones are none") {
  const TemporaryFolder folder;
  const std::string lines = "{1}\n\n \t\r\n{2}\r\n{3}", mark = "\xEF\xBB\xBF";
  const Documents expected = {"1@0:{1}\n", "4@9:{2}\r\n", "5@14:{3}"};
  for (const std::string& bytes : {lines, packed(lines), zstd_packed(lines)}) {
    CHECK(documents_of({{folder.write("l", bytes), true}}) == expected);
  }
  CHECK(documents_of({{folder.write("a", "one\ntext\n"), false},
                      {folder.write("b", ""), false},
                      {folder.write("c", ""), true},
                      {folder.write("d", mark + "two"), false},
                      {folder.write("e", mark + "{4}\n"), true}}) ==
        Documents{"0@0:one\ntext\n", "0@3:two", "1@3:{4}\n"});
}

TEST_CASE("Documents are longer than what is read at once") {
  const TemporaryFolder folder;
  const std::string one(3 << 20, 'x'), two((1 << 20) - 1, 'y');
  const Documents found = documents_of(
      {{folder.write("a", one + "\n" + two + "\nz"), true}, {folder.path("a"), false}});
  REQUIRE(found.size() == 4);
  CHECK(found[0] == "1@0:" + one + "\n");
  CHECK(found[1] == "2@3145729:" + two + "\n");
  CHECK(found[2] == "3@4194305:z");
  CHECK(found[3].size() == 4 + one.size() + two.size() + 3);
}

TEST_CASE("A text comes in parts, cut at blanks, each with some of what follows") {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 4000; ++i) text += "word ";
  const std::vector<DocumentFile> files = {{folder.write("a", "\xEF\xBB\xBF" + text), false},
                                           {folder.write("b", zstd_packed(text)), false}};
  const Documents found = documents_of(files, 1000);
  REQUIRE(found.size() == 2);
  CHECK(found[0].starts_with("0@3:word word"));
  for (const std::string& document : found) {
    std::string parts = document.substr(4);
    CHECK(std::ranges::count(parts, '|') > 10);
    std::erase(parts, '|');
    CHECK(parts == text);
  }
  DocumentReader reader(files, 1000);
  const auto first = reader.next();
  CHECK(first->ahead > 4000);
  CHECK(first->bytes == text.substr(0, first->bytes.size()));
  CHECK(first->bytes.size() - first->ahead <= 1000);
  const auto second = reader.next();
  CHECK(second->offset == static_cast<std::int64_t>(3 + first->bytes.size() - first->ahead));
  CHECK(first->begins);
  CHECK(!first->ends);
  CHECK(!second->begins);
}

TEST_CASE("A text without places to cut it at is one part") {
  const TemporaryFolder folder;
  const std::string text(50000, 'x'), after = " y and more";
  const Documents found = documents_of({{folder.write("a", text + after), false}}, 1000);
  CHECK(found == Documents{"0@0:" + text + after});
}

TEST_CASE("A file that cannot be unpacked is an error in its place") {
  const TemporaryFolder folder;
  const std::string cut = folder.write("cut.gz", packed(std::string(10000, 'x')).substr(0, 20));
  CHECK(contains(data_error_of([&] { documents_of({{cut, true}}); }), "cut.gz: its gzip data"));
  CHECK(contains(data_error_of([&] { documents_of({{folder.path("none"), true}}); }), "none"));
}

}  // namespace document_reader_test
