#include "base/lfs_pointer.h"

#include <string>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A Git LFS pointer is told by its first line, and the size is that of the file") {
  const std::string start = "version https://git-lfs.github.com/spec/v1\noid sha256:a0\n";
  CHECK(lfs_pointer_reason(start + "size 548105171\n") ==
        "is a Git LFS pointer, expected the file of 548105171 bytes that it stands for; fetch it "
        "with git lfs pull");
  CHECK(contains(lfs_pointer_reason(start), "expected the file that it stands for"));
}

TEST_CASE("What only looks like a pointer is a file as any other") {
  const std::string start = "version https://git-lfs.github.com/spec/v1\n";
  CHECK(lfs_pointer_reason("").empty());
  CHECK(lfs_pointer_reason("a text about " + start).empty());
  CHECK(lfs_pointer_reason("version https://git").empty());
  CHECK(lfs_pointer_reason(start + std::string(1024, 'x')).empty());  // pointers are smaller
}
