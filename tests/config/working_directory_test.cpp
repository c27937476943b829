#include "config/working_directory.h"

#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

TEST_CASE("A working directory that is gone is said so, where a path needs it") {
  const std::filesystem::path before = working_directory();
  CHECK(before == std::filesystem::current_path());
  CHECK(from_working_directory("a/b") == before / "a/b");
  CHECK(from_working_directory("/a/b") == "/a/b");
  const std::filesystem::path gone =
      std::filesystem::temp_directory_path() / ("pipetrain-gone-" + std::to_string(getpid()));
  std::filesystem::create_directory(gone);
  std::filesystem::current_path(gone);
  std::filesystem::remove(gone);
  CHECK_THROWS_WITH(from_working_directory("a"),
                    "the working directory is gone: No such file or "
                    "directory; cd to one that is there");
  CHECK(from_working_directory("/a") == "/a");
  std::filesystem::current_path(before);
}
