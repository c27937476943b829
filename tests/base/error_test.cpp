#include "base/error.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "catch.h"
#include "file_limit.h"

using namespace pipetrain;

TEST_CASE("A failed system call is named by its file and reason") {
  errno = ENOSPC;
  CHECK(system_reason("/data/x") == "/data/x: No space left on device");
}

TEST_CASE("What file systems of clusters refuse is named with its likely cause") {
  errno = EFBIG;
  {
    const FileLimit limit(8192);
    CHECK(system_reason("x") ==
          "x: File too large (ulimit -f allows 8192 bytes, this file system perhaps less)");
  }
  CHECK(system_reason("x") == "x: File too large (for this file system)");
  errno = EACCES;
  const bool root = geteuid() == 0;
  CHECK((system_reason("x").find("root_squash") != std::string::npos) == root);
}

TEST_CASE("An error has a line, what is shown below it, and an exit code of its own") {
  const Error error(ExitCode::kData, "data: x", "row 1\n");
  CHECK(std::string(error.what()) == "data: x");
  CHECK(error.detail() == "row 1\n");
  CHECK(static_cast<int>(error.code()) == 3);
}
