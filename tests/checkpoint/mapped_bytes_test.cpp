#include "checkpoint/mapped_bytes.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace mapped_bytes_test {

namespace {

// How a process ends that reads the last byte of `mapped`, and what it says.
std::pair<int, std::string> read_elsewhere(const MappedBytes& mapped) {
  std::array<int, 2> ends = {};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    ::_exit(std::to_integer<int>(mapped.bytes().back()));
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  const auto count = ::read(ends[0], said.data(), said.size());
  ::close(ends[0]);
  said.resize(static_cast<std::size_t>(count));
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), said};
}

}  // namespace

TEST_CASE("What is no file is refused with its name and the reason") {
  const TemporaryFolder at;
  CHECK(MappedBytes(at.write("file", "")).bytes().empty());
  CHECK_THROWS_WITH(MappedBytes(at.path("none")),
                    "checkpoint: " + at.path("none") + ": No such file or directory");
  CHECK_THROWS_WITH(MappedBytes(at.path("")), ContainsSubstring("is not a regular file"));
}

TEST_CASE("What can no longer be read ends the program with the file's name") {
  const TemporaryFolder at;
  const std::string kept = at.write("kept", std::string(70000, '\7'));
  const std::string cut = at.write("cut\nshort", std::string(70000, '\7'));
  const MappedBytes other(kept);
  auto earlier = std::make_unique<MappedBytes>(cut);
  const MappedBytes mapped = std::move(*earlier);  // the one that is moved from is gone
  earlier.reset();
  CHECK(read_elsewhere(mapped) == std::pair<int, std::string>(7, ""));
  std::filesystem::resize_file(cut, 0);
  CHECK(read_elsewhere(mapped) ==
        std::pair(static_cast<int>(ExitCode::kCheckpoint),
                  "pipetrain: error: checkpoint: " + at.path("cut?short") +
                      ": cannot be read any more; was it cut short, or has its server gone?\n"));
  CHECK(read_elsewhere(other).first == 7);
}

}  // namespace mapped_bytes_test
