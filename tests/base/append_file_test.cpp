#include "base/append_file.h"

#include <fstream>
#include <iterator>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace {

std::string text_in(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

TEST_CASE("A file grows from what is there, also after it was replaced") {
  const TemporaryFolder at;
  const std::string path = at.path("lines");
  std::ofstream(path) << "old\n";
  AppendFile file(path, "train.output");
  file.append("new\n");
  CHECK(text_in(path) == "old\nnew\n");
  file.replace("whole\n");
  file.append("more\n");
  file.sync();
  CHECK(text_in(path) == "whole\nmore\n");
}

TEST_CASE("A file that cannot be written is an error that names the setting to change") {
  const TemporaryFolder at;
  CHECK_THROWS_WITH(AppendFile(at.path("none/lines"), "train.output"),
                    ContainsSubstring("choose another train.output"));
  AppendFile full("/dev/full", "train.output");
  CHECK_THROWS_WITH(full.append("line\n"), ContainsSubstring("free some space"));
  CHECK_NOTHROW(full.sync());  // what is not a disk has nothing to sync
}
