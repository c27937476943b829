#include "base/open_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

TEST_CASE("A file is open as long as somebody holds it") {
  const TemporaryFolder at;
  std::optional<Descriptor> first(open_file(at.path("a"), O_WRONLY | O_CREAT));
  const int number = first->number();
  REQUIRE(number >= 0);
  CHECK((fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(first->sync());
  {
    const Descriptor second = std::move(*first);
    first.reset();
    CHECK(fcntl(number, F_GETFD) >= 0);
  }
  CHECK(fcntl(number, F_GETFD) < 0);
  Descriptor third = open_file(at.path("a"), O_RDONLY);
  CHECK(third.close());
  CHECK(third.number() < 0);
}

TEST_CASE("What cannot be opened or synced has a reason") {
  const TemporaryFolder at;
  CHECK(open_file(at.path("none"), O_RDONLY).number() < 0);
  CHECK(errno == ENOENT);
  CHECK(sync_folder(at.path("")));
  CHECK_FALSE(sync_folder(at.path("none")));
  CHECK(errno == ENOENT);
  CHECK_FALSE(sync_folder(at.write("file", "x")));
  CHECK(errno == ENOTDIR);
}

TEST_CASE("A bare name is in the working folder") {
  CHECK(folder_of("a/b/c") == "a/b");
  CHECK(folder_of("/c") == "/");
  CHECK(folder_of("c") == ".");
}
