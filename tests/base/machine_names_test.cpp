#include "base/machine_names.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("a processor's name is read from what the system says of it") {
  const auto file =
      std::filesystem::temp_directory_path() / ("pipetrain_cpuinfo_" + std::to_string(::getpid()));
  std::ofstream(file) << "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name : other\n";
  CHECK(processor_name(file) == "Some CPU @ 2 GHz");
  std::ofstream(file) << "model name\t:\nmodel name";
  CHECK(processor_name(file).empty());
  std::filesystem::remove(file);
  CHECK(processor_name(file).empty());
}

TEST_CASE("a system has a name") { CHECK(system_name().find("Linux") == 0); }

TEST_CASE("a compiler is named with its version") {
  CHECK(compiler_name().find(__VERSION__) != std::string::npos);
}
