#include "checkpoint/set_aside.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "catch.h"
#include "data/temporary_folder.h"

using namespace pipetrain;

namespace set_aside_test {

TEST_CASE("What goes aside at one start has one number, beside what is there") {
  const TemporaryFolder at;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(at.path(name)) << text;
  };
  std::filesystem::create_directory(at.path("checkpoints"));
  for (const std::string text : {"one", "two"}) {
    write("metrics.jsonl", text);
    write("checkpoints/x", text);
    SetAside aside(at.path(""));
    aside.take(at.path("metrics.jsonl"));
    if (text == "two") aside.take(at.path("checkpoints/x"));
    CHECK(aside.taken().front() ==
          (text == "one" ? "set-aside/metrics.jsonl" : "set-aside/metrics.2.jsonl"));
  }
  CHECK(std::filesystem::exists(at.path("checkpoints/set-aside/x.2")));
  std::string text;
  std::ifstream(at.path("set-aside/metrics.jsonl")) >> text;
  CHECK(text == "one");
}

}  // namespace set_aside_test
