#include "base/json_text.h"

#include <cstddef>
#include <string>

#include "catch.h"

using namespace pipetrain;

namespace {

std::string nested(int depth) {
  const auto levels = static_cast<std::size_t>(depth);
  return std::string(levels, '[') + std::string(levels, ']');
}

}  // namespace

TEST_CASE("JSON is read as deep as it can be written again, and no deeper") {
  CHECK(parsed_json(nested(kMostJsonDepth)).dump() == nested(kMostJsonDepth));
  CHECK(parsed_json(nested(kMostJsonDepth + 1)).is_discarded());
  CHECK(parsed_json(nested(100000)).is_discarded());
  CHECK(parsed_json<nlohmann::ordered_json>(R"({"b": 1, "a": 2})").dump() == R"({"b":1,"a":2})");
}

TEST_CASE("Brackets within texts are not counted, those of a text that is cut short are") {
  const std::string brackets(1000, '[');
  CHECK(parsed_json("[\"" + brackets + "\"]")[0] == brackets);
  CHECK(parsed_json(R"(["\")" + brackets + "\"]")[0] == "\"" + brackets);
  CHECK(parsed_json(brackets).is_discarded());
}

TEST_CASE("It is said why JSON is refused") {
  CHECK(json_fault("[1") == "is no JSON, or was cut short");
  CHECK(json_fault("[1", "is damaged") == "is damaged");
  CHECK(json_fault(nested(101), "is damaged") == "has parts in parts, more than 100 deep");
}
