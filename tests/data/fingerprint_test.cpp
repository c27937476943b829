#include "data/fingerprint.h"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "data/data_error.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace fingerprint_test {

TEST_CASE("The digest of a small file is the CRC-32 of all of it") {
  const TemporaryFolder folder;
  CHECK(file_digest(folder.write("a", "123456789"), 9) == "cbf43926");
  CHECK(file_digest(folder.write("a", "1234567890"), 9) == "cbf43926");  // it has grown
  CHECK(file_digest(folder.write("a", ""), 0) == "00000000");
}

TEST_CASE("The digest of a large file looks at 64 pieces from its first to its last byte") {
  const TemporaryFolder folder;
  constexpr std::size_t kBytes = std::size_t{1} << 24;
  const auto digest_with = [&](std::size_t changed) {
    std::string text(kBytes, 'a');
    if (changed < kBytes) text[changed] = 'b';
    return file_digest(folder.write("a", text), kBytes);
  };
  const std::string none = digest_with(kBytes);
  CHECK(digest_with(0) != none);
  CHECK(digest_with(kBytes - 1) != none);
  CHECK(digest_with(65'535) != none);
  CHECK(digest_with(65'536) == none);  // between the first piece and the next
}

TEST_CASE("A file that is shorter than it is said to be cannot be read") {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "12345678");
  CHECK(data_error_of([&] { file_digest(path, 9); }, path) ==
        "cannot be read at byte 0; is it being written?");
}

TEST_CASE("Files, globs and the files of a folder have their sizes and digests") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("data/inner"));
  folder.write("data/b", "123456789");
  folder.write("data/a", "x");
  folder.write("c", "yy");
  const auto names = [&](const std::vector<std::string>& paths) {
    std::vector<std::string> found;
    for (const FileFingerprint& file : fingerprint_of(paths)) {
      found.push_back(std::filesystem::path(file.path).filename());
    }
    return found;
  };
  using Names = std::vector<std::string>;
  CHECK(names({folder.path("c"), folder.path("data")}) == Names{"c", "a", "b"});
  CHECK(names({folder.path("data/[ab]")}) == Names{"a", "b"});
  CHECK(names({folder.path("*.none")}).empty());
  const auto one = fingerprint_of({folder.path("data/b")});
  REQUIRE(one.size() == 1);
  CHECK(one[0].bytes == 9);
  CHECK(one[0].digest == "cbf43926");
  CHECK(contains(data_error_of([&] { fingerprint_of({folder.path("none")}); }), "No such file"));
}

}  // namespace fingerprint_test
