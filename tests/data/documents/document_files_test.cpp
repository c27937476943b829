#include "data/documents/document_files.h"

#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace document_files_test {

namespace {

// "b/c.jsonl*", an asterisk behind files of lines.
std::vector<std::string> listed_in(const TemporaryFolder& folder,
                                   const std::vector<std::string>& paths,
                                   DocumentForm form = DocumentForm::kByName) {
  std::vector<std::string> full, names;
  for (const std::string& path : paths) full.push_back(folder.path(path));
  for (const DocumentFile& file : list_documents(full, form)) {
    names.push_back(std::filesystem::relative(file.path, folder.path("")).string() +
                    (file.lines ? "*" : ""));
  }
  return names;
}

}  // namespace

TEST_CASE("Folders, globs and names give the documents' files in order") {
  const TemporaryFolder folder;
  for (const char* below : {"deep/er", ".git"})
    std::filesystem::create_directories(folder.path(below));
  for (const char* name : {"b.txt", "a.jsonl", "c.jsonl.zst", "d.txt.gz", "b.txt.gz", "e.md",
                           "deep/er/x.ndjson", "deep/test.txt", ".git/y.txt", ".z.txt"}) {
    folder.write(name, "x");
  }
  using Names = std::vector<std::string>;
  CHECK(listed_in(folder, {""}) == Names{"a.jsonl*", "b.txt", "c.jsonl.zst*", "d.txt.gz",
                                         "deep/er/x.ndjson*", "deep/test.txt"});
  CHECK(listed_in(folder, {""}, DocumentForm::kLines) ==
        Names{"a.jsonl*", "c.jsonl.zst*", "deep/er/x.ndjson*"});
  CHECK(listed_in(folder, {"", "a.jsonl"}, DocumentForm::kTexts) ==
        Names{"b.txt", "d.txt.gz", "deep/test.txt", "a.jsonl"});
  CHECK(listed_in(folder, {"*.gz", "e.md"}) == Names{"b.txt.gz", "d.txt.gz", "e.md"});
  CHECK(listed_in(folder, {"e.md"}, DocumentForm::kLines) == Names{"e.md*"});
  CHECK(listed_in(folder, {"b.txt.gz", "b.txt"}) == Names{"b.txt"});
}

TEST_CASE("A path that names no documents is refused") {
  const TemporaryFolder folder;
  folder.write("a.md", "x");
  CHECK(contains(data_error_of([&] { listed_in(folder, {"*.txt"}); }), "no file matches"));
  CHECK(contains(data_error_of([&] { listed_in(folder, {""}); }),
                 "has no file like *.jsonl or *.txt"));
}

}  // namespace document_files_test
