#include "base/folder_lock.h"

#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "catch.h"

using namespace pipetrain;

namespace {

bool locks_are_there = true;

constexpr std::chrono::seconds kNone{0};

class Place {
 public:
  Place() : path_(std::filesystem::temp_directory_path() / ("lock-" + std::to_string(getpid()))) {}
  ~Place() {
    std::filesystem::remove(path_);
    locks_are_there = true;
  }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

// In place of the C library's.
extern "C" int flock(int file, int operation) noexcept {
  if (locks_are_there) return static_cast<int>(::syscall(SYS_flock, file, operation));
  errno = ENOLCK;
  return -1;
}

TEST_CASE("A folder has one holder at a time, with locks and without") {
  for (const bool locks : {true, false}) {
    const Place at;
    locks_are_there = locks;
    CHECK(!is_held(at.path()));
    auto first = FolderLock::take(at.path(), kNone);
    REQUIRE(first);
    CHECK(first->why_no_lock() == (locks ? "" : "No locks available"));
    CHECK(is_held(at.path()));
    errno = EIO;
    CHECK(!FolderLock::take(at.path(), kNone));
    CHECK(errno == 0);
    first.reset();
    CHECK(!is_held(at.path()));
    CHECK(FolderLock::take(at.path(), kNone));
  }
}

TEST_CASE("A file that is removed or replaced is no longer in its place") {
  for (const bool locks : {true, false}) {
    const Place at;
    locks_are_there = locks;
    const auto lock = FolderLock::take(at.path(), kNone);
    REQUIRE(lock);
    const FileMark mark(at.path());
    CHECK(mark.in_place());
    std::filesystem::remove(at.path());
    CHECK(!mark.in_place());
    std::ofstream(at.path()) << "of another\n";
    CHECK((!locks || !mark.in_place()));  // without locks nobody has the old one open
  }
}

TEST_CASE("Without locks a process of this host that is gone holds nothing") {
  const Place at;
  locks_are_there = false;
  std::string host(128, '\0');
  gethostname(host.data(), host.size());
  std::ofstream(at.path()) << host.c_str() << " 999999999 5 17\n";
  CHECK(!is_held(at.path()));
  const auto start = std::chrono::steady_clock::now();
  CHECK(FolderLock::take(at.path(), kNone));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
  std::ofstream(at.path()) << "elsewhere 999999999 5 17\n";
  CHECK(is_held(at.path()));
}

TEST_CASE("A file that cannot be made has its reason") {
  CHECK(!FolderLock::take("/nowhere/lock", kNone));
  CHECK(errno == ENOENT);
}
