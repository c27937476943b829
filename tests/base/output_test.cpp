#include "base/output.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "catch.h"
#include "data/temporary_folder.h"
#include "file_limit.h"

using namespace pipetrain;

namespace {

std::string written_in(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

TEST_CASE("a write that is taken in part has the reason for the rest, not an older one") {
  const TemporaryFolder folder;
  const int file = open(folder.path("a").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  const FileLimit limit(5);
  errno = ENOENT;
  const bool written = write_all(file, "0123456789");
  const int reason = errno;
  close(file);
  CHECK_FALSE(written);
  CHECK(reason == EFBIG);
  CHECK(written_in(folder.path("a")) == "01234");
}

TEST_CASE("a file that cannot be written whole is left as it was") {
  const TemporaryFolder folder;
  REQUIRE(write_renamed(folder.path("a"), "old"));
  {
    const FileLimit limit(5);
    CHECK_FALSE(write_renamed(folder.path("a"), "0123456789"));
    CHECK(errno == EFBIG);
    CHECK_FALSE(write_whole(folder.path("b"), "0123456789"));
  }
  CHECK(written_in(folder.path("a")) == "old");
  CHECK_FALSE(std::filesystem::exists(folder.path("a.part")));
  CHECK_FALSE(std::filesystem::exists(folder.path("b")));
  CHECK_FALSE(write_renamed(folder.path("none/a"), "new"));
  CHECK(errno == ENOENT);
}

TEST_CASE("a pipe that does not block is written whole by and by") {
  std::array<int, 2> ends{};
  REQUIRE(pipe(ends.data()) == 0);
  fcntl(ends[1], F_SETFL, O_NONBLOCK);
  const std::string text(1 << 20, 'x');
  std::size_t read_bytes = 0;
  std::thread reader([&] {
    std::array<char, 4096> part{};
    for (ssize_t n; (n = read(ends[0], part.data(), part.size())) > 0;) {
      read_bytes += static_cast<std::size_t>(n);
    }
  });
  CHECK(write_all(ends[1], text));
  close(ends[1]);
  reader.join();
  close(ends[0]);
  CHECK(read_bytes == text.size());
}
