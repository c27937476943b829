#include "text/vocabulary.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

std::vector<std::string> units(TextUnit kind, const std::string& text) {
  std::vector<std::string> found;
  std::string unit;
  for (std::size_t at = 0; next_unit(kind, std::as_bytes(std::span(text)), at, unit);) {
    found.push_back(unit);
  }
  return found;
}

using Units = std::vector<std::string>;

}  // namespace

TEST_CASE("A text is cut into words in lower case, signs and line ends, or into characters") {
  CHECK(units(TextUnit::kWord, " It's A\t2nd Ü\n") == Units{"it", "'", "s", "a", "2nd", "Ü", "\n"});
  CHECK(units(TextUnit::kCharacter, "aÜ\xFF\n") == Units{"a", "Ü", "\xFF", "\n"});
  CHECK(units(TextUnit::kWord, " \t").empty());
}

TEST_CASE("The most frequent units have tokens, of equal ones the first; the rest is unknown") {
  Vocabulary vocabulary({"<pad>", "<unknown>"});
  for (const char* unit : {"b", "a", "c", "c", "d"}) vocabulary.count(unit);
  vocabulary.settle(4);
  CHECK(vocabulary.size() == 4);
  CHECK(vocabulary.token_of("c") == 2);
  CHECK(vocabulary.token_of("a") == 3);
  CHECK(vocabulary.token_of("b") == vocabulary.unknown());
  CHECK(vocabulary.unknown() == 1);
}

TEST_CASE("A unit that is no UTF-8 is saved as its bytes, so that it comes back") {
  Vocabulary vocabulary({});
  vocabulary.count("a");
  vocabulary.count("\xFF");
  vocabulary.settle(0);
  CHECK(vocabulary.entries() == nlohmann::json::parse(R"(["a", [255]])"));
}
