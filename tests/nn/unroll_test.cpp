#include "nn/unroll.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "catch.h"

using namespace pipetrain;

namespace unroll_test {

namespace {

LayerEntry repeat(const std::string& count, std::vector<LayerEntry> layers) {
  return {"repeat", "model.yaml:7", {{"count", count}}, std::move(layers)};
}

std::string kinds(const std::vector<LayerEntry>& entries) {
  std::string text;
  for (const LayerEntry* entry : unrolled(entries)) text += entry->kind + " ";
  return text;
}

}  // namespace

TEST_CASE("A repeat, also within a repeat, is written out in order") {
  const LayerEntry a{.kind = "a"}, b{.kind = "b"}, c{.kind = "c"};
  CHECK(kinds({a, repeat("2", {b, repeat("2", {c})}), a}) == "a b c c b c c a ");
  CHECK(kinds({}).empty());
}

TEST_CASE("Repeats without end or layers, and skips out of a block, are refused with their line") {
  const LayerEntry a{.kind = "a"};
  CHECK_THROWS_WITH(
      unrolled({repeat("200", {repeat("200", {a})})}),
      ContainsSubstring("model.yaml:7") && ContainsSubstring("unrolls to more than 10000 layers"));
  CHECK(unrolled({repeat("10000", {a})}).size() == kMaxLayers);
  CHECK_THROWS_WITH(unrolled({repeat("2", {})}), ContainsSubstring("needs a list of layers"));
  CHECK_THROWS_AS(unrolled({repeat("no number", {a})}), Error);
  const LayerEntry skip{"linear", "model.yaml:9", {{"from", "2"}}, {}};
  CHECK_THROWS_WITH(unrolled({skip}), ContainsSubstring("model.yaml:9") &&
                                          ContainsSubstring("sequential from block to block"));
}

}  // namespace unroll_test
