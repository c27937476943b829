#include "report/page_asset.h"

#include <set>
#include <string>
#include <string_view>

#include "catch.h"

using namespace pipetrain;

TEST_CASE("the files of the pages are in the program, each once") {
  std::set<std::string_view> names;
  for (const EmbeddedFile& asset : kPageAssets) {
    INFO(asset.name);
    CHECK(names.insert(asset.name).second);
    CHECK(asset.text.size() > 100);
    CHECK(asset.text.back() == '\n');
  }
  CHECK(page_asset("dom.js").substr(0, 2) == "//");
}

// "⟲" and the like: bytes beyond ASCII and escapes come through.
TEST_CASE("a page's file has the bytes that it has on the disk") {
  const std::string_view dom = page_asset("dom.js");
  CHECK(dom.find("\"–\"") != std::string_view::npos);
  CHECK(dom.find("content.join") == std::string_view::npos);
  CHECK(page_asset("plot.js").find("\"\\n\"") != std::string_view::npos);
}
