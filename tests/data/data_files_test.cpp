#include "data/data_files.h"

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace data_files_test {

namespace {

using Names = std::vector<std::string>;

// The names, without their folder, of what is opened.
Names opened(const Names& paths, const Names& patterns = {}) {
  Names names;
  for (const DataFile& file : open_files({.path = paths}, patterns).files) {
    names.push_back(std::filesystem::path(file.path()).filename());
  }
  return names;
}

FileContent content(const std::string& path, const std::string& text) {
  return {path, text.size(), [text](std::size_t offset, std::span<std::byte> to) {
            std::memcpy(to.data(), text.data() + offset, to.size());
          }};
}

Warnings warnings_of(const std::vector<FileContent>& files) {
  Warnings warnings;
  warn_of_same_content(files, warnings);
  return warnings;
}

}  // namespace

TEST_CASE("Paths are opened in their order, those of a glob in the order of their names") {
  const TemporaryFolder folder;
  for (const std::string name : {"c.txt", "a.txt", "b.txt", "z.dat"}) folder.write(name, "x");
  CHECK(opened({folder.path("*.txt")}) == Names{"a.txt", "b.txt", "c.txt"});
  CHECK(opened({folder.path("z.dat"), folder.path("[ab].txt")}) ==
        Names{"z.dat", "a.txt", "b.txt"});
  folder.write("[ab].txt", "x");  // a file of that very name
  CHECK(opened({folder.path("[ab].txt")}) == Names{"[ab].txt"});
  CHECK(open_files({.path = {folder.path("*.txt")}}).training == 4);
}

TEST_CASE("Files that validate come behind those that train") {
  const TemporaryFolder folder;
  DataConfig config{.path = {folder.write("b", "x"), folder.write("c", "x")},
                    .validation = Validation::kFiles,
                    .validation_files = {folder.write("a", "x")}};
  const DataFiles found = open_files(config);
  CHECK(found.training == 2);
  REQUIRE(found.files.size() == 3);
  CHECK(found.files.back().path() == folder.path("a"));
  config.validation = Validation::kLast;
  CHECK(open_files(config).files.size() == 2);
}

TEST_CASE("A file that is there plain and packed is one") {
  const TemporaryFolder folder;
  for (const std::string name : {"a", "a.gz", "b.gz"}) folder.write(name, "x");
  CHECK(opened({folder.path("*")}) == Names{"a", "b.gz"});
  CHECK(opened({folder.path("a.gz")}) == Names{"a.gz"});
}

TEST_CASE("Of a folder the files that match are opened, test sets last") {
  const TemporaryFolder folder;
  for (const std::string name : {"t10k-b.bin", "a_test.bin", "data_2.bin", "data_1.bin", "x.txt"}) {
    folder.write(name, "x");
  }
  CHECK(opened({folder.path("")}, {"*.bin"}) ==
        Names{"data_1.bin", "data_2.bin", "a_test.bin", "t10k-b.bin"});
  CHECK(contains(data_error_of([&] { opened({folder.path("")}, {"*.idx", "*.gz"}); }),
                 "has no file like *.idx, *.gz"));
}

TEST_CASE("A path that names nothing is refused") {
  const TemporaryFolder folder;
  CHECK(data_error_of([&] { opened({folder.path("*.none")}); }, folder.path("*.none")) ==
        "no file matches");
  CHECK(data_error_of([] { opened({}); }) == "data: data.path names no file");
  CHECK(contains(data_error_of([&] { opened({folder.path("none")}, {"*.bin"}); }),
                 "No such file or directory"));
}

TEST_CASE("Files of the same content are named, whatever lies between them") {
  const std::string text(3'000'000, 'a');
  std::string other = text;
  other[1'500'000] = 'b';  // neither where it begins nor where it ends
  CHECK(warnings_of({content("1", text), content("2", other), content("3", "a")}).empty());
  const Warnings found = warnings_of({content("1", text), content("2", "b"), content("3", text)});
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("data: 1 and 3 have the same content; leave one out"));
  CHECK(warnings_of({content("1", "x"), content("2", "x"), content("3", "x")}).size() == 2);
}

}  // namespace data_files_test
