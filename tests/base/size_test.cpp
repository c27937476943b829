#include "base/size.h"

#include <cstdint>
#include <string>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

TEST_CASE("Amounts of memory are read in both kinds of unit") {
  CHECK(parse_size("16GiB", "--memory") == std::int64_t{16} << 30);
  CHECK(parse_size("512 MiB", "--memory") == 512 << 20);
  CHECK(parse_size("1.5GB", "--memory") == 1500000000);
  CHECK(parse_size("12345", "--memory") == 12345);
  CHECK(parse_size("12345B", "--memory") == 12345);
  CHECK(parse_size("2TiB", "--memory") == std::int64_t{2} << 40);
}

TEST_CASE("What is no amount of memory is refused with the option's name") {
  for (const std::string text : {"", "GiB", "-1GiB", "0", "0.1", "16G", "16 gib", "16GiBs", "1e5",
                                 "nan", "1 2", "99999999999TiB"}) {
    INFO(text);
    try {
      parse_size(text, "--memory");
      FAIL("was taken");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::kConfiguration);
      CHECK(std::string(error.what()).starts_with("--memory: '" + text + "'"));
    }
  }
}

TEST_CASE("Amounts are written with three digits and the unit that suits") {
  CHECK(size_text(512) == "512 B");
  CHECK(size_text(1536) == "1.50 KiB");
  CHECK(size_text(87 << 20) == "87.0 MiB");
  CHECK(size_text(std::int64_t{16} << 30) == "16.0 GiB");
}
