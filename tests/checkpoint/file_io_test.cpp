#include "checkpoint/file_io.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file_limit.h"
#include "catch.h"
#include "checkpoint/mapped_bytes.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace file_io_test {

namespace {

std::string text_in(const std::string& path) { return std::string(MappedBytes(path).text()); }

}  // namespace

TEST_CASE("A file that cannot be written to its end leaves the one that was there") {
  const TemporaryFolder at;
  const std::string path = at.write("weights", "old");
  const auto broken = [](const std::function<void(Bytes)>& write) {
    write(std::as_bytes(std::span("ne", 2)));
    throw Error(ExitCode::kCheckpoint, "no space");
  };
  CHECK_THROWS_AS(write_synced(path, broken), Error);
  CHECK(text_in(path) == "old");
  CHECK(!std::filesystem::exists(path + ".partial"));  // its space is free again
  write_synced(path, "new");
  CHECK(text_in(path) == "new");
}

TEST_CASE("A folder takes the place of another, whose files are gone") {
  const TemporaryFolder at;
  for (const char* folder : {"new", "old"}) {
    std::filesystem::create_directory(at.path(folder));
    at.write(std::string(folder) + "/" + folder, folder);
  }
  replace_synced(at.path("new"), at.path("old"));
  CHECK(text_in(at.path("old/new")) == "new");
  CHECK(!std::filesystem::exists(at.path("old/old")));
  CHECK(!std::filesystem::exists(at.path("new")));
}

TEST_CASE("What is no folder is refused with its name and the reason") {
  const TemporaryFolder at;
  const std::string file = at.write("file", "");
  CHECK_NOTHROW(require_folder(at.path("")));
  CHECK_THROWS_WITH(require_folder(at.path("none")), ContainsSubstring("there is no such folder"));
  CHECK_THROWS_WITH(require_folder(file), ContainsSubstring("is not a folder"));
}

TEST_CASE("A name that comes late is waited for, one that is there is not") {
  const TemporaryFolder at;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::filesystem::create_directory(at.path("late"));
    at.write("late/file", "x");
  });
  CHECK(await_name(at.path("late/file")));
  other.join();
  CHECK(text_in(at.path("late/file")) == "x");
  const auto start = std::chrono::steady_clock::now();
  CHECK(await_name(at.path("late")));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
}

TEST_CASE("A file system without a limit holds a file as large as is asked for") {
  const TemporaryFolder at;
  LargestFile largest;
  CHECK(largest.of(at.path(""), 1 << 20) == 1 << 20);
  CHECK(std::filesystem::is_empty(at.path("")));
}

TEST_CASE("A file system is asked once how large files may be, unless more is wanted") {
  const TemporaryFolder at;
  const std::string nowhere = at.path("none");
  LargestFile whole, cut;
  CHECK(whole.of(at.path(""), 10000) == 10000);
  CHECK(whole.of(nowhere, 9999) == 9999);
  CHECK_THROWS_WITH(whole.of(nowhere, 10001), ContainsSubstring("No such file"));
  const FileLimit limit(8192);
  CHECK(cut.of(at.path(""), 10000) == 5000);
  CHECK(cut.of(nowhere, 20000) == 5000);
  CHECK(cut.of(nowhere, 4000) == 4000);
}

TEST_CASE("Names from a damaged file do not break the line of an error") {
  CHECK(one_line("a\nb\x7f") == "a?b?");
  CHECK(shortened(std::string(80, 'x')) == std::string(80, 'x'));
  CHECK(shortened(std::string(81, 'x')) == std::string(80, 'x') + "...");
}

TEST_CASE("Checksums are zlib's CRC-32") {
  CHECK(checksum_of(std::as_bytes(std::span("123456789", 9))) == "cbf43926");
  CHECK(checksum_of({}) == "00000000");
}

}  // namespace file_io_test
