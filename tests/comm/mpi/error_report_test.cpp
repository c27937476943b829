// What a command that runs alone says of its error; tests/mpi/fault_program.cpp goes wrong under
// mpirun.
#include "comm/mpi/error_report.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace {

struct Ended {
  int code;
  std::string said;  // on standard error
};

Ended run(const std::function<int()>& body) {
  std::FILE* const file = std::tmpfile();
  const int before = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  Ended ended{run_and_report(body), ""};
  dup2(before, STDERR_FILENO);
  close(before);
  std::fseek(file, 0, SEEK_SET);
  std::array<char, 8192> bytes{};
  ended.said.assign(bytes.data(), std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  return ended;
}

}  // namespace

TEST_CASE("A command without an error says nothing and gives its own code") {
  const Ended ended = run([] { return 75; });
  CHECK(ended.code == 75);
  CHECK(ended.said.empty());
}

TEST_CASE("An error is one line, with its detail below, and its code") {
  const Ended ended = run([]() -> int { throw Error(ExitCode::kData, "x.txt: bad", "row 1"); });
  CHECK(ended.code == 3);
  CHECK(ended.said == "pipetrain: error: x.txt: bad\nrow 1\n");
}

TEST_CASE("Nothing of a name from a file moves the cursor, or fills the screen") {
  CHECK(run([]() -> int { throw Error(ExitCode::kData, "a\nb\x1b[2J\x7f"); }).said ==
        "pipetrain: error: a b [2J \n");
  const std::string said =
      run([]() -> int { throw Error(ExitCode::kData, std::string(5000, 'x')); }).said;
  CHECK(said == "pipetrain: error: " + std::string(4000, 'x') + "...\n");
}

TEST_CASE("Memory that is not there is the configuration's error, all else is our own") {
  const Ended memory = run([]() -> int { throw std::bad_alloc(); });
  CHECK(memory.code == 2);
  CHECK(contains(memory.said, "out of memory; use more stages"));
  const Ended other = run([]() -> int { throw std::logic_error("x"); });
  CHECK(other.code == EXIT_FAILURE);
  CHECK(other.said == "pipetrain: error: internal error: x\n");
}
