#include "checkpoint/output_folder.h"

#include <filesystem>
#include <string>

#include "base/error.h"
#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace output_folder_test {

namespace {

namespace fs = std::filesystem;

std::string refusal_of(const std::string& path) {
  try {
    const OutputFolder folder(path);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kConfiguration);
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("An output folder is there when it is finished, and not before") {
  const TemporaryFolder at;
  const std::string path = at.path("out");
  {
    OutputFolder folder(path + "/");  // the same with a slash at its end
    CHECK(folder.aside() == at.path(".out.partial"));
    fs::create_directory(folder.aside() + "/inner");
    CHECK(!fs::exists(path));
    folder.finish();
    CHECK(fs::exists(path + "/inner"));
  }
  CHECK(fs::exists(path + "/inner"));
  CHECK(!fs::exists(at.path(".out.partial")));
}

TEST_CASE("A folder made in it can become the output, alone") {
  const TemporaryFolder at;
  {
    OutputFolder folder(at.path("out"));
    fs::create_directories(folder.aside() + "/step-1/deep");
    fs::create_directory(folder.aside() + "/scratch");
    folder.finish(folder.aside() + "/step-1");
  }
  CHECK(fs::exists(at.path("out/deep")));
  CHECK(!fs::exists(at.path("out/scratch")));
  CHECK(!fs::exists(at.path(".out.partial")));
}

TEST_CASE("What comes to nothing leaves nothing, nor does what was left before") {
  const TemporaryFolder at;
  fs::create_directories(at.path(".out.partial/old"));
  {
    const OutputFolder folder(at.path("deep/../out"));
    CHECK(folder.aside() == at.path(".out.partial"));
    CHECK(fs::is_empty(folder.aside()));
  }
  CHECK(fs::is_empty(at.path("")));
}

TEST_CASE("An empty folder may be there already, but nothing that somebody has made") {
  const TemporaryFolder at;
  fs::create_directory(at.path("empty"));
  OutputFolder(at.path("empty")).finish();
  CHECK(fs::is_directory(at.path("empty")));
  fs::create_directories(at.path("full/inner"));
  at.write("file", "");
  fs::create_symlink("nowhere", at.path("link"));
  for (const std::string name : {"full", "file", "link"}) {
    CHECK(contains(refusal_of(at.path(name)), "--output: " + at.path(name), "there already"));
  }
  CHECK(fs::exists(at.path("full/inner")));
}

TEST_CASE("What somebody makes meanwhile is not overwritten") {
  const TemporaryFolder at;
  OutputFolder folder(at.path("out"));
  fs::create_directories(at.path("out/inner"));
  CHECK_THROWS_AS(folder.finish(), Error);
  CHECK(fs::exists(at.path("out/inner")));
}

}  // namespace output_folder_test
