#include "base/number.h"

#include <cstdint>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("A text is a number as a whole, or not at all") {
  CHECK(parse_number<double>("0.25") == 0.25);
  CHECK(parse_number<double>("-1e3") == -1000);
  CHECK(parse_number<int>("010") == 10);
  CHECK(parse_number<std::uint64_t>("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"nan", "NaN", "-nan", "nan(1)", "inf", "-inf", "Infinity", "1e999",
                           "0x10", "", " 1", "1 ", "+1", "1,5", "1e", "1_000", "one"}) {
    CAPTURE(text);
    CHECK(!parse_number<double>(text));
    CHECK(!parse_number<int>(text));
  }
  CHECK(!parse_number<int>("2147483648"));
  CHECK(!parse_number<int>("1.0"));
  CHECK(!parse_number<std::uint64_t>("-1"));
}
