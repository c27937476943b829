#include "generate/stop_texts.h"

#include <string>
#include <vector>

#include "catch.h"

using namespace pipetrain;

namespace {

// What is shown after each piece, and at the end.
std::vector<std::string> shown(StopTexts stops, const std::vector<std::string>& pieces) {
  std::vector<std::string> all;
  for (const std::string& piece : pieces) all.push_back(stops.add(piece));
  all.push_back(stops.found() ? "found" : stops.finish());
  return all;
}

}  // namespace

TEST_CASE("A text ends before the first text that stops it, which is never shown in part") {
  using Texts = std::vector<std::string>;
  CHECK(shown(StopTexts({"User:"}), {"one U", "se", "r: two", "three"}) ==
        Texts{"one ", "", "", "", "found"});
  CHECK(shown(StopTexts({"User:"}), {"a Us", "e it"}) == Texts{"a ", "Use it", ""});
  CHECK(shown(StopTexts({"User:"}), {"a Us", "e"}) == Texts{"a ", "", "Use"});
  CHECK(shown(StopTexts({"xyz", "yy"}), {"xy", "yz"}) == Texts{"", "x", "found"});
  CHECK(shown(StopTexts({"aab"}), {"a", "a", "a", "b"}) == Texts{"", "", "a", "", "found"});
  CHECK(shown(StopTexts({"b", "abc"}), {"1a", "bc"}) == Texts{"1", "", "found"});
  CHECK(shown(StopTexts({}), {"any", "thing"}) == Texts{"any", "thing", ""});
}

TEST_CASE("A new text begins without what was found or held back") {
  StopTexts stops({"stop"});
  CHECK(stops.add("1 stop 2") == "1 ");
  stops.begin_again();
  CHECK(stops.add("3 st") == "3 ");
  stops.begin_again();
  CHECK(stops.add("op 4") == "op 4");
}
