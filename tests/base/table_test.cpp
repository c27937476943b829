#include "base/table.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

struct Row {
  std::string_view name;
  int value;
};
constexpr std::array<Row, 2> kRows = {{{"one", 1}, {"two", 2}}};

}  // namespace

TEST_CASE("A row is found by its name") {
  REQUIRE(find_row(kRows, "two") != nullptr);
  CHECK(find_row(kRows, "two")->value == 2);
  CHECK(find_row(kRows, "three") == nullptr);
  CHECK(find_row(kRows, "") == nullptr);
}

TEST_CASE("Names come in the order of the table") {
  CHECK(names_of(kRows) == std::vector<std::string>{"one", "two"});
}

TEST_CASE("A choice has a name for its value") {
  CHECK(name_of(kRows, 2) == "two");
  CHECK(name_of(kRows, 3).empty());
}
